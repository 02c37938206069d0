// Trains forever in a worker thread; says when it has begun.
import { parentPort, workerData } from 'node:worker_threads';
import { matmul, parameter, randn, square, sum } from 'gradsmith';
import { SGD } from 'gradsmith/optim';

const n = workerData?.size ?? 64;
const x = randn([n, n], { seed: 1 });
const w = parameter(randn([n, n], { seed: 2 }));
const sgd = new SGD([w], { learningRate: 1e-9 });
for (let t = 0; t < (workerData?.steps ?? Infinity); t++) {
  const loss = sum(square(matmul(x, w)));
  loss.backward();
  await sgd.step();
  if (t === 3) parentPort.postMessage('begun');
  if (t === (workerData?.steps ?? 0) - 1) parentPort.postMessage(await loss.item());
}
