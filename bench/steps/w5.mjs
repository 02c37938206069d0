// W5: overhead. A 2-16-1 sigmoid network on four points, mean squared error, SGD, float32.
import { add, compile, matmul, mse, sigmoid } from 'gradsmith';
import { TensorDataset } from 'gradsmith/data';
import { Linear, Sequential, Sigmoid } from 'gradsmith/nn';
import { SGD } from 'gradsmith/optim';
import { Trainer } from 'gradsmith/train';
import { load, repeated, toParameter, toTensor } from './tensors.mjs';

export const title = 'overhead: 2-16-1 network, batch 4, SGD';
/** Of no interest: what is measured is everything else. */
export const flops = null;

const parametersOf = ({ w1, b1, w2, b2 }) => [w1, b1, w2, b2].map(toParameter);
const forward = (x, [w1, b1, w2, b2]) => sigmoid(add(matmul(sigmoid(add(matmul(x, w1), b1)), w2), b2));

/** `of` says which form of the compiled step is called. */
const compiled =
  (of) =>
  ({ arrays, learningRate, checkSteps }) => {
    const [x, y] = [toTensor(arrays.x), toTensor(arrays.y)];
    const parameters = parametersOf(arrays);
    const sgd = new SGD(parameters, { learningRate });
    const step = of(
      compile((a, b) => {
        const loss = mse(forward(a, parameters), b);
        loss.backward();
        sgd.step();
        return loss;
      }),
    );
    const steps = async (count) => {
      let loss;
      for (let t = 0; t < count; t++) {
        const pending = step(x, y);
        loss = pending instanceof Promise ? await pending : pending;
      }
      return loss.item();
    };
    const check = async () => {
      await steps(checkSteps);
      return [await mse(forward(x, parameters), y).item()];
    };
    return { steps, check };
  };

export const variants = {
  'loop by hand': ({ arrays, learningRate, checkSteps }) => {
    const [x, y] = [toTensor(arrays.x), toTensor(arrays.y)];
    const parameters = parametersOf(arrays);
    const sgd = new SGD(parameters, { learningRate });
    const steps = async (count) => {
      let loss;
      for (let t = 0; t < count; t++) {
        loss = mse(forward(x, parameters), y);
        loss.backward();
        await sgd.step();
      }
      return loss.item();
    };
    const check = async () => {
      await steps(checkSteps);
      return [await mse(forward(x, parameters), y).item()];
    };
    return { steps, check };
  },

  'compiled step': compiled((step) => step),
  'compiled step, sync': compiled((step) => step.sync),

  'Trainer.fit': ({ arrays, learningRate, checkSteps }) => {
    const epoch = 50_000; // steps; the four points again and again, 2.4 MB
    const model = load(new Sequential(new Linear(2, 16), new Sigmoid(), new Linear(16, 1), new Sigmoid()), [
      ['0', arrays.w1, arrays.b1],
      ['2', arrays.w2, arrays.b2],
    ]);
    const trainer = new Trainer({ model, optimizer: new SGD(model.parameters(), { learningRate }), loss: mse });
    const data = (steps) => new TensorDataset(toTensor(repeated(arrays.x, steps)), toTensor(repeated(arrays.y, steps)));
    const all = data(epoch);
    const options = { batchSize: 4, shuffle: false };
    const steps = (count) => trainer.fit(all, { epochs: count / epoch, ...options });
    const check = async () => {
      await trainer.fit(data(checkSteps), { epochs: 1, ...options });
      return [await mse(model.forward(toTensor(arrays.x)), toTensor(arrays.y)).item()];
    };
    return { steps, check, chunk: epoch };
  },
};
