// W1: the lecture's two-layer network, 64x1000 → 100 sigmoid → 10, sum of squares, SGD, float32.
import { manualSeed, matmul, parameter, randn, sigmoid, square, sub, sum } from 'gradsmith';
import { SGD } from 'gradsmith/optim';

/** Multiply and add counted separately; forward, weight gradients, the one needed input gradient. */
export const flops = 2 * 64 * (2 * 1000 * 100 + 3 * 100 * 10);
export const unit = 'steps/s';

export async function setUp() {
  manualSeed(0);
  const [x, y] = [randn([64, 1000]), randn([64, 10])];
  const [w1, w2] = [parameter(randn([1000, 100])), parameter(randn([100, 10]))];
  const sgd = new SGD([w1, w2], { learningRate: 1e-4 });
  let loss;
  return {
    'loop written by hand': {
      run: async (steps) => {
        for (let t = 0; t < steps; t++) {
          loss = sum(square(sub(matmul(sigmoid(matmul(x, w1)), w2), y)));
          loss.backward();
          await sgd.step();
        }
        return loss.item();
      },
    },
  };
}
