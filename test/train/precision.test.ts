// Training and prediction with products in bfloat16.
import { fileURLToPath } from 'node:url';
import { afterEach, expect, it } from 'vitest';
import { type Digits, loadDigits } from '../../lib/data/index.js';
import {
  crossEntropy,
  type MatmulPrecision,
  manualSeed,
  setMatmulPrecision,
  withMatmulPrecision,
} from '../../lib/index.js';
import { Linear, ReLU, Sequential } from '../../lib/nn/index.js';
import { Adam } from '../../lib/optim/index.js';
import { accuracy, Trainer } from '../../lib/train/index.js';

afterEach(() => setMatmulPrecision('float32'));

it('digits are learned as well with products in bfloat16, which fit and predict honour', async () => {
  const digits = await loadDigits(fileURLToPath(new URL('../../examples/data/digits.csv.gz', import.meta.url)));
  const [train, test] = digits.split([0.8, 0.2], { seed: 1 }) as [Digits, Digits];
  const learn = async (precision: MatmulPrecision) => {
    setMatmulPrecision(precision);
    manualSeed(3);
    const model = new Sequential(new Linear(64, 64), new ReLU(), new Linear(64, 10));
    const optimizer = new Adam(model.parameters(), { learningRate: 3e-3 });
    const trainer = new Trainer({ model, optimizer, loss: crossEntropy, metrics: { accuracy } });
    await trainer.fit(train, { epochs: 12, batchSize: 64 });
    const score = await trainer.evaluate(test);
    return { trainer, accuracy: score.accuracy, weights: await model.parameters()[0]!.data() };
  };
  const exact = await learn('float32');
  const rough = await learn('bfloat16');
  expect(rough.weights).not.toEqual(exact.weights);
  expect(exact.accuracy).toBeGreaterThan(0.95);
  expect(rough.accuracy).toBeGreaterThan(0.95);
  expect(Math.abs(rough.accuracy - exact.accuracy)).toBeLessThan(0.02);

  const row = digits.columns[0]!.dataSync().slice(0, 64);
  const predict = (precision: MatmulPrecision) =>
    withMatmulPrecision(precision, () => rough.trainer.predictSync([Array.from(row)]).dataSync());
  const [exactly, roughly] = [predict('float32'), predict('bfloat16')];
  expect(roughly).not.toEqual(exactly);
  expect(predict('float32')).toEqual(exactly);
  expect(predict('bfloat16')).toEqual(roughly);
});
