// The data and the first weights of each workload, made once by a fixed generator and kept in .cache/bench, so that every program under
// test, whatever its language, starts from the same numbers: NAME.bin holds the arrays one after another, little-endian,
// NAME.json says which (dtype, shape, offset in bytes) and what to do with them.
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

export const folder = fileURLToPath(new URL('../../.cache/bench/', import.meta.url));

/** Changes whenever a generator below does. */
const VERSION = 1;

/** Uniform in [0, 1): mulberry32. */
function uniform(seed) {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

/** Box and Muller's standard normals, times `scale`. */
function normals(count, random, scale = 1) {
  const out = new Float32Array(count);
  for (let i = 0; i < count; i += 2) {
    const radius = scale * Math.sqrt(-2 * Math.log(1 - random()));
    const angle = 2 * Math.PI * random();
    out[i] = radius * Math.cos(angle);
    if (i + 1 < count) out[i + 1] = radius * Math.sin(angle);
  }
  return out;
}

const array = (shape, data) => ({ shape, data });

/** 784-512-256-10 as `[in, out]` matrices, scaled so that activations keep their size. */
function mlp(random) {
  const sizes = [784, 512, 256, 10];
  const arrays = {};
  for (let i = 1; i < sizes.length; i++) {
    const [from, to] = [sizes[i - 1], sizes[i]];
    arrays[`w${i}`] = array([from, to], normals(from * to, random, 1 / Math.sqrt(from)));
    arrays[`b${i}`] = array([to], normals(to, random, 0.01));
  }
  return arrays;
}

/** `checkSteps`: the loss is compared after so many steps; `tolerance`: and may differ by so much, relatively. */
const GENERATORS = {
  /** The lecture's two-layer network: sum of squares, SGD. */
  w1(random) {
    const arrays = {
      x: array([64, 1000], normals(64_000, random)),
      y: array([64, 10], normals(640, random)),
      w1: array([1000, 100], normals(100_000, random)),
      w2: array([100, 10], normals(1000, random)),
    };
    return { arrays, learningRate: 1e-4, checkSteps: 50, tolerance: 1e-4 };
  },
  /** MLP, ReLU, softmax cross-entropy, Adam; 468 batches of 128 rows. */
  w2(random) {
    const rows = 468 * 128;
    const arrays = {
      x: array([rows, 784], normals(rows * 784, random)),
      y: array(
        [rows],
        Int32Array.from({ length: rows }, () => Math.floor(10 * random())),
      ),
      ...mlp(random),
    };
    return { arrays, batchSize: 128, learningRate: 1e-3, checkSteps: 10, tolerance: 1e-4 };
  },
  /** Exclusive or by a 2-16-1 network: mean squared error, SGD. */
  w5(random) {
    const arrays = {
      x: array([4, 2], Float32Array.of(0, 0, 0, 1, 1, 0, 1, 1)),
      y: array([4, 1], Float32Array.of(0, 1, 1, 0)),
      w1: array([2, 16], normals(32, random)),
      b1: array([16], new Float32Array(16)),
      w2: array([16, 1], normals(16, random)),
      b2: array([1], new Float32Array(1)),
    };
    return { arrays, learningRate: 0.5, checkSteps: 1000, tolerance: 1e-3 };
  },
  /** W2's network, one row. */
  w6(random) {
    return { arrays: { x: array([1, 784], normals(784, random)), ...mlp(random) }, tolerance: 1e-4 };
  },
};

/** Writes the problem unless it is there, and returns the path of its description. */
export function makeProblem(name) {
  const path = `${folder}${name}-v${VERSION}.json`;
  if (existsSync(path)) return path;
  mkdirSync(folder, { recursive: true });
  const { arrays, ...rest } = GENERATORS[name](uniform(0x9e3779b9));
  const parts = [];
  let offset = 0;
  const described = {};
  for (const [key, { shape, data }] of Object.entries(arrays)) {
    described[key] = { dtype: data instanceof Int32Array ? 'int32' : 'float32', shape, offset };
    offset += data.byteLength;
    parts.push(Buffer.from(data.buffer, data.byteOffset, data.byteLength));
  }
  const bin = path.replace('.json', '.bin');
  writeFileSync(`${bin}.${process.pid}`, Buffer.concat(parts));
  renameSync(`${bin}.${process.pid}`, bin);
  writeFileSync(`${path}.${process.pid}`, JSON.stringify({ name, bin, ...rest, arrays: described }));
  renameSync(`${path}.${process.pid}`, path);
  return path;
}

/** Reads a problem: its settings, and `arrays` as `{ shape, data }`. */
export function readProblem(path) {
  const { arrays, bin, ...rest } = JSON.parse(readFileSync(path, 'utf8'));
  const bytes = readFileSync(bin);
  const load = ({ dtype, shape, offset }) => {
    const count = shape.reduce((a, b) => a * b, 1);
    const Kind = dtype === 'int32' ? Int32Array : Float32Array;
    return { shape, data: new Kind(bytes.buffer, bytes.byteOffset + offset, count) };
  };
  return { ...rest, arrays: Object.fromEntries(Object.entries(arrays).map(([key, a]) => [key, load(a)])) };
}
