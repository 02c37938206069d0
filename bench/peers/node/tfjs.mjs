// TensorFlow.js on its CPU backends: `cpu` (plain JavaScript) and `wasm`.
import * as tf from '@tensorflow/tfjs';

const fc = (x, w, b) => tf.add(tf.matMul(x, w), b);

export async function setUp({ variant, workload, problem, threads }) {
  if (variant === 'wasm') {
    const { setThreadsCount } = await import('@tensorflow/tfjs-backend-wasm');
    setThreadsCount(threads);
  }
  if (!(await tf.setBackend(variant))) throw new Error(`the backend ${variant} does not start`);
  await tf.ready();
  const about = { name: `tfjs ${variant}`, version: tf.version_core };
  const { arrays } = problem;
  const load = ({ shape, data }) => tf.tensor(data, shape, data instanceof Int32Array ? 'int32' : 'float32');
  const names = ['w1', 'b1', 'w2', 'b2', 'w3', 'b3'].filter((name) => name in arrays);
  const p = Object.fromEntries(names.map((name) => [name, tf.variable(load(arrays[name]))]));
  const mlp = (x) => fc(tf.relu(fc(tf.relu(fc(x, p.w1, p.b1)), p.w2, p.b2)), p.w3, p.b3);

  if (workload === 'w6') {
    const call = () => {
      const y = tf.tidy(() => mlp(tf.tensor2d(arrays.x.data, [1, 784])));
      const out = y.dataSync();
      y.dispose();
      return out;
    };
    return { about, call, check: async () => Array.from(call()) };
  }

  const { lossOf, optimizer } = {
    w1: () => {
      const [x, y] = [load(arrays.x), load(arrays.y)];
      return {
        lossOf: () => tf.sum(tf.square(tf.sub(tf.matMul(tf.sigmoid(tf.matMul(x, p.w1)), p.w2), y))),
        optimizer: tf.train.sgd(problem.learningRate),
      };
    },
    w5: () => {
      const [x, y] = [load(arrays.x), load(arrays.y)];
      const out = () => tf.sigmoid(fc(tf.sigmoid(fc(x, p.w1, p.b1)), p.w2, p.b2));
      return {
        lossOf: () => tf.mean(tf.square(tf.sub(out(), y))),
        optimizer: tf.train.sgd(problem.learningRate),
      };
    },
    w2: () => {
      const rows = problem.batchSize;
      const batches = arrays.y.data.length / rows;
      const batch = (i) => [
        tf.tensor2d(arrays.x.data.subarray(784 * rows * i, 784 * rows * (i + 1)), [rows, 784]),
        tf.oneHot(tf.tensor1d(arrays.y.data.subarray(rows * i, rows * (i + 1)), 'int32'), 10).toFloat(),
      ];
      return {
        lossOf: (i) => {
          const [x, y] = batch(i % batches);
          return tf.losses.softmaxCrossEntropy(y, mlp(x));
        },
        optimizer: tf.train.adam(problem.learningRate, 0.9, 0.999, 1e-8),
      };
    },
  }[workload]();
  let next = 0;
  const steps = async (count) => {
    let loss;
    for (let t = 0; t < count; t++) {
      loss?.dispose();
      const i = next++;
      loss = optimizer.minimize(() => lossOf(i), true);
    }
    const [value] = await loss.data();
    loss.dispose();
    return value;
  };
  return { about, steps, check: async () => [await steps(problem.checkSteps + 1)] };
}
