// W5: overhead. A 2-16-1 sigmoid network on four points, mean squared error, SGD, float32.
import { add, manualSeed, matmul, mse, parameter, randn, sigmoid, tensor, zeros } from 'gradsmith';
import { TensorDataset } from 'gradsmith/data';
import { Linear, Sequential, Sigmoid } from 'gradsmith/nn';
import { SGD } from 'gradsmith/optim';
import { Trainer } from 'gradsmith/train';

export const flops = 2 * 4 * (2 * 2 * 16 + 3 * 16 * 1);
export const unit = 'steps/s';

export async function setUp() {
  manualSeed(0);
  const x = tensor([
    [0, 0],
    [0, 1],
    [1, 0],
    [1, 1],
  ]);
  const y = tensor([[0], [1], [1], [0]]);
  const [w1, b1] = [parameter(randn([2, 16])), parameter(zeros([16]))];
  const [w2, b2] = [parameter(randn([16, 1])), parameter(zeros([1]))];
  const sgd = new SGD([w1, b1, w2, b2], { learningRate: 0.5 });
  let loss;

  const rows = 40_000; // the four points again and again: 10,000 steps an epoch
  const data = new TensorDataset(
    tensor(
      Float32Array.from({ length: 2 * rows }, (_, k) => [0, 0, 0, 1, 1, 0, 1, 1][k % 8]),
      { shape: [rows, 2] },
    ),
    tensor(
      Float32Array.from({ length: rows }, (_, k) => [0, 1, 1, 0][k % 4]),
      { shape: [rows, 1] },
    ),
  );
  const model = new Sequential(new Linear(2, 16), new Sigmoid(), new Linear(16, 1), new Sigmoid());
  const trainer = new Trainer({ model, optimizer: new SGD(model.parameters(), { learningRate: 0.5 }), loss: mse });
  return {
    'graph rebuilt each step': {
      run: async (steps) => {
        for (let t = 0; t < steps; t++) {
          loss = mse(sigmoid(add(matmul(sigmoid(add(matmul(x, w1), b1)), w2), b2)), y);
          loss.backward();
          await sgd.step();
        }
        return loss.item();
      },
    },
    'Trainer.fit': {
      steps: 10_000,
      run: async () => (await trainer.fit(data, { epochs: 1, batchSize: 4, shuffle: false })).at(-1).scores.loss,
    },
  };
}
