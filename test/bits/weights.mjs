// Trains W1 or W2 and prints, for each way to take the steps, what the weights have become: weights.mjs w1|w2 STEPS. The environment says
// on which instructions and threads, fused or not.
import { createHash } from 'node:crypto';
import { compile, crossEntropy, matmul, parameter, randint, randn, sigmoid, square, sub, sum } from 'gradsmith';
import { TensorDataset } from 'gradsmith/data';
import { Linear, Module, ReLU, Sequential } from 'gradsmith/nn';
import { Adam, SGD } from 'gradsmith/optim';
import { Trainer } from 'gradsmith/train';

const [workload, steps] = [process.argv[2], Number(process.argv[3])];

/** The lecture's two layers: 64x1000 → 100 sigmoid → 10. */
class TwoLayers extends Module {
  w1 = parameter(randn([1000, 100], { seed: 1 }));
  w2 = parameter(randn([100, 10], { seed: 2 }));
  forward(x) {
    return matmul(sigmoid(matmul(x, this.w1)), this.w2);
  }
}

const workloads = {
  w1: {
    rows: 64,
    columns: () => [randn([64 * 4, 1000], { seed: 3 }), randn([64 * 4, 10], { seed: 4 })],
    model: () => new TwoLayers(),
    optimizer: (parameters) => new SGD(parameters, { learningRate: 1e-4 }),
    loss: (y, target) => sum(square(sub(y, target))),
  },
  w2: {
    rows: 128,
    columns: () => [randn([128 * 4, 784], { seed: 3 }), randint([128 * 4], { high: 10, seed: 4 })],
    model: () => {
      const init = { weightInit: (shape, o) => randn(shape, { ...o, seed: shape[0] }).mul(0.05), biasInit: randnBias };
      const linear = (a, b) => new Linear(a, b, init);
      return new Sequential(linear(784, 512), new ReLU(), linear(512, 256), new ReLU(), linear(256, 10));
    },
    optimizer: (parameters) => new Adam(parameters, { learningRate: 1e-3 }),
    loss: crossEntropy,
  },
};
function randnBias(shape, options) {
  return randn(shape, { ...options, seed: shape[0] + 1 });
}

const { rows, columns, ...make } = workloads[workload];
const data = new TensorDataset(...columns());
const batches = [...data.batches({ batchSize: rows })];
const batch = (t) => batches[t % batches.length];

const ways = {
  loop: async ({ model, optimizer }) => {
    for (let t = 0; t < steps; t++) {
      const [x, target] = batch(t);
      make.loss(model.forward(x), target).backward();
      await optimizer.step();
    }
  },
  compiled: async ({ model, optimizer }) => {
    const step = compile((x, target) => {
      make.loss(model.forward(x), target).backward();
      optimizer.stepSync();
    });
    for (let t = 0; t < steps; t++) await step(...batch(t));
  },
  fit: async ({ model, optimizer }) => {
    const trainer = new Trainer({ model, optimizer, loss: make.loss });
    const whole = { batchSize: rows, shuffle: false };
    await trainer.fit(data, { epochs: steps / batches.length, ...whole });
  },
};

const result = {};
for (const [way, run] of Object.entries(ways)) {
  const model = make.model();
  const optimizer = make.optimizer(model.parameters());
  await run({ model, optimizer });
  const weights = await Promise.all(model.parameters().map((p) => p.data()));
  const hash = createHash('sha256');
  for (const w of weights) hash.update(w);
  result[way] = { sha256: hash.digest('hex') };
}
console.log(JSON.stringify(result));
