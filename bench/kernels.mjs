// The kernels that are measured one by one: small programs, each of which becomes a plan of one instruction (or a few). `flops` are what
// the definition needs, `bytes` what must be read and written once.
import * as g from 'gradsmith';
import { Adam } from 'gradsmith/optim';
import { Program } from '../dist/runtime/program.js';
import { stepScalar } from '../dist/tensor.js';

const some = (...shape) => g.tensor(new Float32Array(shape.reduce((a, b) => a * b, 1)), { shape });
const labels = (rows) => g.tensor(new Int32Array(rows), { dtype: 'int32' });

/** M, N, K, which operand lies transposed, the precision. */
const PRODUCTS = [
  [16, 16, 16, 'NN'],
  [32, 32, 32, 'NN'],
  [64, 64, 64, 'NN'],
  [128, 128, 128, 'NN'],
  [256, 256, 256, 'NN'],
  [512, 512, 512, 'NN'],
  [1024, 1024, 1024, 'NN'],
  [2048, 2048, 2048, 'NN'],
  [64, 100, 1000, 'NN'],
  [1000, 100, 64, 'TN'],
  [64, 10, 100, 'NN'],
  [128, 512, 784, 'NN'],
  [784, 512, 128, 'TN'],
  [128, 784, 512, 'NT'],
  [128, 10, 256, 'NN'],
  [256, 1024, 1024, 'NN'],
  [1, 512, 784, 'NN'],
  [512, 512, 512, 'NN', 'bfloat16'],
  [2048, 2048, 2048, 'NN', 'bfloat16'],
];

export const products = PRODUCTS.map(([m, n, k, kind, precision = 'float32']) => ({
  name: `matmul ${m}x${n}x${k} ${kind}${precision === 'float32' ? '' : ` ${precision}`}`,
  family: 'matmul',
  m,
  n,
  k,
  kind,
  precision,
  flops: 2 * m * n * k,
  bytes: 4 * (m * k + k * n + m * n),
  program: () => {
    const a = kind[0] === 'T' ? g.transpose(some(k, m)) : some(m, k);
    const b = kind[1] === 'T' ? g.transpose(some(n, k)) : some(k, n);
    return g.matmul(a, b, { precision }).dataSync();
  },
}));

const size = (n) => (n >= 1 << 20 ? `${n >> 20}M` : n >= 1024 ? `${n >> 10}k` : String(n));

/** `arrays`: how many of n elements are read or written; `held`: how many there are, if some are both. */
function group(name, arrays, program, held = arrays) {
  const sizes = [64, 1024, 1 << 16, 1 << 20, 1 << 24];
  return sizes.map((n) => ({
    name: `${name} ${size(n)}`,
    family: 'elementwise',
    flops: 0,
    bytes: 4 * n * arrays,
    held: 4 * n * held,
    program: () => program(n),
  }));
}

const columns = (n) => Math.min(n, 256);

export const groups = [
  ...group('sigmoid', 2, (n) => g.sigmoid(some(n)).dataSync()),
  ...group('g·s·(1-s)', 3, (n) => {
    const s = some(n);
    return g.mul(some(n), g.mul(s, g.sub(1, s))).dataSync();
  }),
  ...group('relu(x+b)', 2, (n) => g.relu(g.add(some(n / columns(n), columns(n)), some(columns(n)))).dataSync()),
  ...group('gelu(x+b)', 2, (n) => g.gelu(g.add(some(n / columns(n), columns(n)), some(columns(n)))).dataSync()),
  ...group(
    'Adam',
    7,
    async (n) => {
      const w = g.parameter(some(n));
      const c = some(n);
      await g.evaluate(c);
      const updates = new Adam([w]).updates([c], stepScalar); // a gradient that lies in memory
      await new Program({ updates, outputs: [] }).run({ steps: 1 });
    },
    4,
  ),
];

const rows = (name, n, c, arrays, program) => ({
  name: `${name} ${n}x${c}`,
  family: 'rows',
  flops: 0,
  bytes: 4 * n * c * arrays,
  program,
});
/** The gradient of x, [n, c], where that of f(x) lies in memory. */
const gradientOf = async (f, n, c) => {
  const x = g.parameter(some(n, c));
  const [dx] = g.gradients(g.sum(g.mul(f(x), some(n, c))), [x]);
  return dx.data();
};

export const reductions = [
  ...[10, 1000].flatMap((c) => [
    rows('softmax', 128, c, 2, () => g.softmax(some(128, c)).dataSync()),
    rows('logSoftmax', 128, c, 2, () => g.logSoftmax(some(128, c)).dataSync()),
    rows('crossEntropy and gradient', 128, c, 2, async () => {
      const x = g.parameter(some(128, c));
      g.crossEntropy(x, labels(128)).backward();
      return x.grad.data();
    }),
    rows('sum of rows', 128, c, 1, () => g.sum(some(128, c), { axis: 1 }).dataSync()),
    rows('sum of columns', 128, c, 1, () => g.sum(some(128, c), { axis: 0 }).dataSync()),
  ]),
  rows('layerNorm', 2048, 128, 2, () => g.layerNorm(some(2048, 128), some(128), some(128)).dataSync()),
  rows('gradient of layerNorm', 2048, 128, 3, () => gradientOf((x) => g.layerNorm(x, some(128), some(128)), 2048, 128)),
  rows('gradients of layerNorm', 2048, 128, 3, () => {
    const [x, gamma, beta] = [some(2048, 128), some(128), some(128)].map((t) => g.parameter(t));
    const all = g.gradients(g.sum(g.mul(g.layerNorm(x, gamma, beta), some(2048, 128))), [x, gamma, beta]);
    return g.evaluate(...all);
  }),
  rows('gradient of softmax', 2048, 128, 3, () => gradientOf((x) => g.softmax(x), 2048, 128)),
  rows('sum of all', 4096, 4096, 1, () => g.sum(some(4096, 4096)).dataSync()),
];

export const catalogue = [...products, ...groups, ...reductions];
