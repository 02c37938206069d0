// W6: inference in a service. W2's network, one row that came from outside, its ten outputs handed back.
import { mse, setMatmulPrecision, tensor } from 'gradsmith';
import { SGD } from 'gradsmith/optim';
import { Trainer } from 'gradsmith/train';
import { mlp } from './tensors.mjs';

export const title = 'latency of one row through 784-512-256-10';
export const flops = 2 * (784 * 512 + 512 * 256 + 256 * 10);
/** The weights: what must come from the cache or from memory for each row. */
export const bytes = 4 * (784 * 512 + 512 + 512 * 256 + 256 + 256 * 10 + 10);

const service =
  (predict, precision = 'float32') =>
  (problem) => {
    setMatmulPrecision(precision);
    const model = mlp(problem.arrays);
    const trainer = new Trainer({ model, optimizer: new SGD(model.parameters(), { learningRate: 0 }), loss: mse });
    const row = problem.arrays.x.data;
    const call = () => predict(trainer, tensor(row, { shape: [1, 784] }));
    return { call, check: async () => Array.from(await call()) };
  };

export const variants = {
  predictSync: service((trainer, x) => trainer.predictSync(x).dataSync()),
  'predictSync, bfloat16': service((trainer, x) => trainer.predictSync(x).dataSync(), 'bfloat16'),
  predict: service(async (trainer, x) => (await trainer.predict(x)).data()),
};
