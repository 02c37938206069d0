// W2: MLP 784-512-256-10, ReLU, softmax cross-entropy, batch 128, Adam, 60,000 rows of data, float32.
import { crossEntropy, manualSeed, randint, randn } from 'gradsmith';
import { TensorDataset } from 'gradsmith/data';
import { Linear, ReLU, Sequential } from 'gradsmith/nn';
import { Adam } from 'gradsmith/optim';
import { Trainer } from 'gradsmith/train';

export const flops = 2 * 128 * (2 * 784 * 512 + 3 * 512 * 256 + 3 * 256 * 10);
export const unit = 'steps/s';

export async function setUp() {
  manualSeed(0);
  const model = new Sequential(new Linear(784, 512), new ReLU(), new Linear(512, 256), new ReLU(), new Linear(256, 10));
  const optimizer = new Adam(model.parameters(), { learningRate: 1e-3 });
  const trainer = new Trainer({ model, optimizer, loss: crossEntropy });
  const rows = 128 * 468;
  const data = new TensorDataset(randn([rows, 784]), randint([rows], { high: 10 }));
  return {
    'Trainer.fit': {
      steps: 468,
      run: async () => (await trainer.fit(data, { epochs: 1, batchSize: 128 })).at(-1).scores.loss,
    },
  };
}
