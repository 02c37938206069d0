// W5: overhead. A 2-16-1 sigmoid network on four points, mean squared error, SGD, float32.
import { add, manualSeed, matmul, mse, parameter, randn, sigmoid, tensor, zeros } from 'gradsmith';
import { SGD } from 'gradsmith/optim';

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
  };
}
