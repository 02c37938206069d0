import { matmul, parameter, randn, sigmoid, sub, square, sum } from 'gradsmith';
import { SGD } from 'gradsmith/optim';

const [x, y] = [randn([64, 1000]), randn([64, 10])];
const [w1, w2] = [parameter(randn([1000, 100])), parameter(randn([100, 10]))];
const sgd = new SGD([w1, w2], { learningRate: 1e-4 });

for (let t = 0; t < 2000; t++) {
  const h = sigmoid(matmul(x, w1));
  const yPred = matmul(h, w2);
  const loss = sum(square(sub(yPred, y)));
  loss.backward();
  await sgd.step();
  if (t % 100 === 0) console.log(t, await loss.item());
}
