// W1: the lecture's two-layer network, 64x1000 → 100 sigmoid → 10, sum of squares, SGD, float32.
import { compile, matmul, sigmoid, square, sub, sum } from 'gradsmith';
import { TensorDataset } from 'gradsmith/data';
import { Linear, Sequential, Sigmoid } from 'gradsmith/nn';
import { SGD } from 'gradsmith/optim';
import { Trainer } from 'gradsmith/train';
import { load, repeated, toParameter, toTensor } from './tensors.mjs';

export const title = 'two-layer network, 64x1000-100-10, SGD';
/** Multiply and add counted separately; forward, weight gradients, the one needed input gradient. */
export const flops = 2 * 64 * (2 * 1000 * 100 + 3 * 100 * 10);

export const variants = {
  'loop by hand': ({ arrays, learningRate, checkSteps }) => {
    const [x, y] = [toTensor(arrays.x), toTensor(arrays.y)];
    const [w1, w2] = [toParameter(arrays.w1), toParameter(arrays.w2)];
    const sgd = new SGD([w1, w2], { learningRate });
    const lossOf = () => sum(square(sub(matmul(sigmoid(matmul(x, w1)), w2), y)));
    const steps = async (count) => {
      let loss;
      for (let t = 0; t < count; t++) {
        loss = lossOf();
        loss.backward();
        await sgd.step();
      }
      return loss.item();
    };
    const check = async () => {
      await steps(checkSteps);
      return [await lossOf().item()];
    };
    return { steps, check };
  },

  'compiled step': ({ arrays, learningRate, checkSteps }) => {
    const [x, y] = [toTensor(arrays.x), toTensor(arrays.y)];
    const [w1, w2] = [toParameter(arrays.w1), toParameter(arrays.w2)];
    const sgd = new SGD([w1, w2], { learningRate });
    const lossOf = (a, b) => sum(square(sub(matmul(sigmoid(matmul(a, w1)), w2), b)));
    const step = compile((a, b) => {
      const loss = lossOf(a, b);
      loss.backward();
      sgd.step();
      return loss;
    });
    const steps = async (count) => {
      let loss;
      for (let t = 0; t < count; t++) loss = await step(x, y);
      return loss.item();
    };
    const check = async () => {
      await steps(checkSteps);
      return [await lossOf(x, y).item()];
    };
    return { steps, check };
  },

  'Trainer.fit': ({ arrays, learningRate, checkSteps }) => {
    const epoch = 50; // the batch again and again; one is held by no cache but the third level's
    const data = new TensorDataset(toTensor(repeated(arrays.x, epoch)), toTensor(repeated(arrays.y, epoch)));
    const model = load(
      new Sequential(new Linear(1000, 100, { bias: false }), new Sigmoid(), new Linear(100, 10, { bias: false })),
      [
        ['0', arrays.w1],
        ['2', arrays.w2],
      ],
    );
    const optimizer = new SGD(model.parameters(), { learningRate });
    const loss = (prediction, target) => sum(square(sub(prediction, target)));
    const trainer = new Trainer({ model, optimizer, loss });
    const steps = (count) => trainer.fit(data, { epochs: count / epoch, batchSize: 64, shuffle: false });
    const check = async () => {
      if (checkSteps !== epoch) throw new Error(`an epoch has ${epoch} steps, not ${checkSteps}`);
      await steps(epoch);
      return [await loss(model.forward(toTensor(arrays.x)), toTensor(arrays.y)).item()];
    };
    return { steps, check, chunk: epoch };
  },
};
