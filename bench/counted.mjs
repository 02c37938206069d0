// What `npm run bench:count` counts: some kernels, and whole steps as plans.
import * as g from 'gradsmith';
import { TensorDataset } from 'gradsmith/data';
import { Linear, ReLU, Sequential } from 'gradsmith/nn';
import { Adam, SGD } from 'gradsmith/optim';
import { Trainer } from 'gradsmith/train';
import { groups, products, reductions } from './kernels.mjs';

const some = (...shape) => g.tensor(new Float32Array(shape.reduce((a, b) => a * b, 1)).fill(0.1), { shape });
const from = (...shape) => g.parameter(some(...shape));

async function step(parameters, loss, optimizer) {
  for (let i = 0; i < 2; i++) {
    loss(...parameters).backward();
    await optimizer.step();
  }
}

function w5() {
  const [x, y] = [some(4, 2), some(4, 1)];
  const parameters = [from(2, 16), from(16), from(16, 1), from(1)];
  const loss = (w1, b1, w2, b2) => g.mse(g.sigmoid(g.add(g.matmul(g.sigmoid(g.add(g.matmul(x, w1), b1)), w2), b2)), y);
  return step(parameters, loss, new SGD(parameters, { learningRate: 0.5 }));
}

function w1() {
  const [x, y] = [some(64, 1000), some(64, 10)];
  const parameters = [from(1000, 100), from(100, 10)];
  const loss = (w1, w2) => g.sum(g.square(g.sub(g.matmul(g.sigmoid(g.matmul(x, w1)), w2), y)));
  return step(parameters, loss, new SGD(parameters, { learningRate: 1e-4 }));
}

async function w2Fit() {
  const model = new Sequential(new Linear(784, 512), new ReLU(), new Linear(512, 256), new ReLU(), new Linear(256, 10));
  const trainer = new Trainer({ model, optimizer: new Adam(model.parameters()), loss: g.crossEntropy });
  const data = new TensorDataset(some(256, 784), g.tensor(new Int32Array(256), { dtype: 'int32' }));
  await trainer.fit(data, { epochs: 1, batchSize: 128, shuffle: false });
}

const KERNELS = [
  'matmul 16x16x16 NN',
  'matmul 64x64x64 NN',
  'matmul 64x100x1000 NN',
  'matmul 1000x100x64 TN',
  'matmul 64x10x100 NN',
  'matmul 1x512x784 NN',
  'sigmoid 64',
  'sigmoid 1k',
  'g·s·(1-s) 1k',
  'relu(x+b) 1k',
  'gelu(x+b) 1k',
  'Adam 1k',
  'softmax 128x10',
  'softmax 128x1000',
  'crossEntropy and gradient 128x10',
  'layerNorm 2048x128',
];

export const catalogue = [
  { name: 'step of W5', program: w5 },
  { name: 'step of W1', program: w1 },
  { name: 'step of W2 in a fit', program: w2Fit },
  ...[...products, ...groups, ...reductions].filter(({ name }) => KERNELS.includes(name)),
];
