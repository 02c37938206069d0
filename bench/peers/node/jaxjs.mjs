// @jax-js/jax on WebAssembly, its best backend in Node: a whole step is one jitted function. Every use of an array consumes a reference.
import { defaultDevice, init, jit, nn, numpy as np, tree, valueAndGrad } from '@jax-js/jax';

export async function setUp({ workload, problem }) {
  await init('wasm');
  defaultDevice('wasm');
  const about = { name: '@jax-js/jax', version: '0.1.25' };
  const { arrays, learningRate } = problem;
  const load = ({ shape, data }) =>
    np.array(data, { dtype: data instanceof Int32Array ? np.int32 : np.float32 }).reshape(shape);
  const names = ['w1', 'b1', 'w2', 'b2', 'w3', 'b3'].filter((name) => name in arrays);
  let p = Object.fromEntries(names.map((name) => [name, load(arrays[name])]));
  const fc = (x, w, b) => np.matmul(x, w).add(b);

  if (workload === 'w6') {
    const mlp = jit((q, x) => fc(nn.relu(fc(nn.relu(fc(x, q.w1, q.b1)), q.w2, q.b2)), q.w3, q.b3));
    const refs = () => Object.fromEntries(names.map((name) => [name, p[name].ref]));
    const call = () => mlp(refs(), np.array(arrays.x.data).reshape([1, 784])).dataSync();
    return { about, call, check: async () => Array.from(call()) };
  }
  if (workload === 'w2') return { about, ...adam(problem, p, names) };

  // Its own sigmoid has a gradient of NaN for large arguments.
  const sigmoid = (a) => np.tanh(a.mul(0.5)).add(1).mul(0.5);
  const lossOf = {
    w1: (q, x, y) => np.square(np.matmul(sigmoid(np.matmul(x, q.w1)), q.w2).sub(y)).sum(),
    w5: (q, x, y) => np.square(sigmoid(fc(sigmoid(fc(x, q.w1, q.b1)), q.w2, q.b2)).sub(y)).mean(),
  }[workload];
  const step = jit((q, x, y) => {
    const [loss, gradient] = valueAndGrad(lossOf)(tree.ref(q), x, y);
    return [tree.map((w, g) => w.sub(g.mul(learningRate)), q, gradient), loss];
  });
  const [x, y] = [load(arrays.x), load(arrays.y)];
  const steps = async (count) => {
    let loss;
    for (let t = 0; t < count; t++) {
      loss?.dispose();
      [p, loss] = step(p, x.ref, y.ref);
    }
    return loss.dataSync()[0];
  };
  return { about, steps, check: async () => [await steps(problem.checkSteps + 1)] };
}

/** W2: Adam on the MLP; a batch becomes an array when it is used, its labels one-hot. */
function adam({ arrays, batchSize, learningRate, checkSteps }, start, names) {
  const fc = (x, w, b) => np.matmul(x, w).add(b);
  const lossOf = (q, x, y) => {
    const logits = fc(nn.relu(fc(nn.relu(fc(x, q.w1, q.b1)), q.w2, q.b2)), q.w3, q.b3);
    return nn
      .logSoftmax(logits)
      .mul(y)
      .sum()
      .mul(-1 / batchSize);
  };
  // The bias corrections differ from step to step, so they are arguments.
  const step = jit((q, m, v, x, y, c1, c2) => {
    const [loss, g] = valueAndGrad(lossOf)(tree.ref(q), x, y);
    const m1 = tree.map((a, b) => a.mul(0.9).add(b.mul(0.1)), m, tree.ref(g));
    const v1 = tree.map((a, b) => a.mul(0.999).add(np.square(b).mul(0.001)), v, g);
    const update = (w, a, b) =>
      w.sub(
        a
          .mul(c1.ref)
          .div(np.sqrt(b.mul(c2.ref)).add(1e-8))
          .mul(learningRate),
      );
    const next = tree.map(update, q, tree.ref(m1), tree.ref(v1));
    c1.dispose();
    c2.dispose();
    return [next, m1, v1, loss];
  });
  const zeros = () => Object.fromEntries(names.map((name) => [name, np.zeros(arrays[name].shape)]));
  let [q, m, v, t] = [start, zeros(), zeros(), 0];
  const batches = arrays.y.data.length / batchSize;
  const batch = (i) => {
    const labels = arrays.y.data.subarray(batchSize * i, batchSize * (i + 1));
    const hot = new Float32Array(10 * batchSize);
    for (const [r, label] of labels.entries()) hot[10 * r + label] = 1;
    const x = arrays.x.data.slice(784 * batchSize * i, 784 * batchSize * (i + 1));
    return [np.array(x).reshape([batchSize, 784]), np.array(hot).reshape([batchSize, 10])];
  };
  const steps = async (count) => {
    let loss;
    for (let k = 0; k < count; k++) {
      loss?.dispose();
      const [x, y] = batch(t++ % batches);
      [q, m, v, loss] = step(q, m, v, x, y, np.array(1 / (1 - 0.9 ** t)), np.array(1 / (1 - 0.999 ** t)));
    }
    return loss.dataSync()[0];
  };
  return { steps, check: async () => [await steps(checkSteps + 1)] };
}
