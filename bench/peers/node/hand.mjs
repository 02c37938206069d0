// What one would write without a library: loops over Float32Arrays.

const sigmoid = (x) => 1 / (1 + Math.exp(-x));

export async function setUp({ workload, problem }) {
  const about = { name: 'JavaScript by hand', version: process.version };
  if (workload === 'w6') return { about, ...network(problem.arrays) };
  const step = workload === 'w1' ? twoLayers(problem, false) : twoLayers(problem, true);
  const steps = async (count) => {
    let loss;
    for (let t = 0; t < count; t++) loss = step();
    return loss;
  };
  const check = async () => [await steps(problem.checkSteps + 1)];
  return { about, steps, check };
}

/** x·w1 [+ b1] → sigmoid → ·w2 [+ b2 → sigmoid]; sum (or mean) of squares; SGD. `biased` is W5, else W1. */
function twoLayers({ arrays, learningRate }, biased) {
  const [n, d] = arrays.x.shape;
  const [h, o] = arrays.w2.shape;
  const [x, y] = [arrays.x.data, arrays.y.data];
  const [w1, w2] = [arrays.w1.data.slice(), arrays.w2.data.slice()];
  const [b1, b2] = [new Float32Array(h), new Float32Array(o)];
  const [hidden, gh, gy] = [new Float32Array(n * h), new Float32Array(n * h), new Float32Array(n * o)];
  const scale = biased ? 2 / (n * o) : 2;
  return () => {
    hidden.fill(0);
    if (biased) for (let i = 0; i < n; i++) hidden.set(b1, i * h);
    for (let i = 0; i < n; i++) {
      for (let k = 0; k < d; k++) {
        const [v, from, to] = [x[i * d + k], k * h, i * h];
        for (let j = 0; j < h; j++) hidden[to + j] += v * w1[from + j];
      }
    }
    for (let i = 0; i < n * h; i++) hidden[i] = sigmoid(hidden[i]);
    let loss = 0;
    for (let i = 0; i < n; i++) {
      for (let c = 0; c < o; c++) {
        let sum = b2[c];
        for (let j = 0; j < h; j++) sum += hidden[i * h + j] * w2[j * o + c];
        const p = biased ? sigmoid(sum) : sum;
        const e = p - y[i * o + c];
        loss += e * e;
        gy[i * o + c] = biased ? scale * e * p * (1 - p) : scale * e;
      }
    }
    for (let i = 0; i < n; i++) {
      for (let j = 0; j < h; j++) {
        let sum = 0;
        for (let c = 0; c < o; c++) sum += gy[i * o + c] * w2[j * o + c];
        const a = hidden[i * h + j];
        gh[i * h + j] = learningRate * sum * a * (1 - a);
      }
    }
    for (let i = 0; i < n; i++) {
      for (let j = 0; j < h; j++) {
        const a = learningRate * hidden[i * h + j];
        for (let c = 0; c < o; c++) w2[j * o + c] -= a * gy[i * o + c];
      }
    }
    for (let i = 0; i < n; i++) {
      for (let k = 0; k < d; k++) {
        const [v, to, from] = [x[i * d + k], k * h, i * h];
        for (let j = 0; j < h; j++) w1[to + j] -= v * gh[from + j];
      }
    }
    if (biased) {
      for (let i = 0; i < n; i++) {
        for (let j = 0; j < h; j++) b1[j] -= gh[i * h + j];
        for (let c = 0; c < o; c++) b2[c] -= learningRate * gy[i * o + c];
      }
    }
    return biased ? loss / (n * o) : loss;
  };
}

function network({ x, ...arrays }) {
  const layers = [1, 2, 3].map((i) => ({ w: arrays[`w${i}`], b: arrays[`b${i}`].data }));
  const call = () => {
    let a = x.data;
    for (const [i, { w, b }] of layers.entries()) {
      const [from, to] = w.shape;
      const out = Float32Array.from(b);
      for (let k = 0; k < from; k++) {
        const v = a[k];
        const at = k * to;
        for (let j = 0; j < to; j++) out[j] += v * w.data[at + j];
      }
      if (i < 2) for (let j = 0; j < to; j++) if (out[j] < 0) out[j] = 0;
      a = out;
    }
    return a;
  };
  return { call, check: async () => Array.from(call()) };
}
