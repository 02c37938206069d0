// W2: MLP 784-512-256-10, ReLU, softmax cross-entropy, batch 128, Adam, 60,000 rows of data, float32.
import { crossEntropy, setMatmulPrecision } from 'gradsmith';
import { TensorDataset } from 'gradsmith/data';
import { Adam } from 'gradsmith/optim';
import { Trainer } from 'gradsmith/train';
import { mlp, toTensor } from './tensors.mjs';

export const title = 'MLP 784-512-256-10, batch 128, Adam';
export const flops = 2 * 128 * (2 * 784 * 512 + 3 * 512 * 256 + 3 * 256 * 10);

/** The rows from batch `first` on, `count` batches of them. */
const batches = ({ arrays: { x, y }, batchSize }, first, count) => {
  const [from, to] = [first * batchSize, (first + count) * batchSize];
  return [
    toTensor({ shape: [to - from, 784], data: x.data.slice(784 * from, 784 * to) }),
    toTensor({ shape: [to - from], data: y.data.slice(from, to) }),
  ];
};

/** The loss of the batch that comes after the steps of the check. */
const lossAfter = (problem, model) => {
  const [x, y] = batches(problem, problem.checkSteps, 1);
  return crossEntropy(model.forward(x), y).item();
};

const training =
  (shuffle, precision = 'float32') =>
  (problem) => {
    setMatmulPrecision(precision);
    const { batchSize, learningRate, checkSteps } = problem;
    const model = mlp(problem.arrays);
    const optimizer = new Adam(model.parameters(), { learningRate });
    const trainer = new Trainer({ model, optimizer, loss: crossEntropy });
    const chunk = Math.floor(problem.arrays.y.data.length / batchSize);
    const data = new TensorDataset(...batches(problem, 0, chunk));
    const steps = (count) => trainer.fit(data, { epochs: count / chunk, batchSize, shuffle });
    const check = async () => {
      const some = new TensorDataset(...batches(problem, 0, checkSteps));
      await trainer.fit(some, { epochs: 1, batchSize, shuffle: false });
      return [await lossAfter(problem, model)];
    };
    return { steps, check, chunk };
  };

export const variants = {
  'loop by hand': (problem) => {
    const { batchSize, learningRate, checkSteps } = problem;
    const model = mlp(problem.arrays);
    const adam = new Adam(model.parameters(), { learningRate });
    const count = Math.floor(problem.arrays.y.data.length / batchSize);
    const all = Array.from({ length: count }, (_, i) => batches(problem, i, 1));
    let next = 0;
    const steps = async (n) => {
      let loss;
      for (let t = 0; t < n; t++) {
        const [x, y] = all[next++ % count];
        loss = crossEntropy(model.forward(x), y);
        loss.backward();
        await adam.step();
      }
      return loss.item();
    };
    const check = async () => {
      await steps(checkSteps);
      return [await lossAfter(problem, model)];
    };
    return { steps, check };
  },
  'Trainer.fit': training(false),
  'Trainer.fit, shuffled': training(true),
  'Trainer.fit, bfloat16': training(false, 'bfloat16'),
};
