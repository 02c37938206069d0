// Prints the milliseconds of W1's first step in a fresh process, from the first line that builds a node to the parameters' new values:
// first-step.mjs PROBLEM. The import, and reading the data, come before.
import { matmul, sigmoid, square, sub, sum } from 'gradsmith';
import { SGD } from 'gradsmith/optim';
import { readProblem } from './harness/problem.mjs';
import { toParameter, toTensor } from './steps/tensors.mjs';

const { arrays, learningRate } = readProblem(process.argv[2]);
const start = performance.now();
const [x, y, w1, w2] = [toTensor(arrays.x), toTensor(arrays.y), toParameter(arrays.w1), toParameter(arrays.w2)];
const sgd = new SGD([w1, w2], { learningRate });
const loss = sum(square(sub(matmul(sigmoid(matmul(x, w1)), w2), y)));
loss.backward();
await sgd.step();
await loss.item();
console.log(performance.now() - start);
