// js-pytorch has neither a sigmoid, nor SGD, nor a sum: 1 / (1 + exp(-a)) from its ops, a mean times the count, and the update by hand.
import { torch } from 'js-pytorch';

export async function setUp({ workload, problem }) {
  if (workload !== 'w1') throw new Error('not written for this peer');
  const about = { name: 'js-pytorch', version: '0.7.2' };
  const rows = ({ shape: [n, m], data }) =>
    Array.from({ length: n }, (_, i) => Array.from(data.subarray(i * m, (i + 1) * m)));
  const [x, y, w1, w2] = ['x', 'y', 'w1', 'w2'].map((name) =>
    torch.tensor(rows(problem.arrays[name]), name.startsWith('w')),
  );
  const ones = torch.ones([64, 100]);
  const step = () => {
    const e = torch.exp(torch.mul(torch.matmul(x, w1), -1));
    const d = torch.add(torch.matmul(torch.div(ones, torch.add(e, 1)), w2), torch.mul(y, -1));
    const loss = torch.mul(torch.mean(torch.mean(torch.mul(d, d), 1), 0), 640);
    loss.backward();
    for (const w of [w1, w2]) {
      const [values, gradient] = [w._data, w._grad._data];
      for (let i = 0; i < values.length; i++)
        for (let j = 0; j < values[i].length; j++) values[i][j] -= problem.learningRate * gradient[i][j];
      w.zero_grad();
    }
    return loss;
  };
  const steps = async (count) => {
    let loss;
    for (let t = 0; t < count; t++) loss = step();
    return Number([loss._data].flat(Infinity)[0]);
  };
  return { about, steps, check: async () => [await steps(problem.checkSteps + 1)] };
}
