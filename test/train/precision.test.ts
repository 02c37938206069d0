// Training and prediction with products in bfloat16.
import { fileURLToPath } from 'node:url';
import { afterEach, expect, it } from 'vitest';
import { type Digits, loadDigits } from '../../lib/data/index.js';
import {
  crossEntropy,
  type MatmulPrecision,
  manualSeed,
  randn,
  setMatmulPrecision,
  tensor,
  withMatmulPrecision,
} from '../../lib/index.js';
import { Linear, ReLU, Sequential } from '../../lib/nn/index.js';
import { Adam, SGD } from '../../lib/optim/index.js';
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

it('predictions in bfloat16 stay the same from call to call, and follow the weights', async () => {
  setMatmulPrecision('bfloat16');
  const model = new Sequential(new Linear(100, 40), new ReLU(), new Linear(40, 7));
  const trainer = new Trainer({
    model,
    optimizer: new SGD(model.parameters(), { learningRate: 0.5 }),
    loss: crossEntropy,
  });
  const rows = randn([3, 100], { seed: 1 });
  const reference = () => model.forward(rows as never).dataSync();
  const predictions = async () => {
    const all = [reference()];
    for (let k = 0; k < 4; k++)
      all.push(trainer.predictSync(rows).dataSync(), await (await trainer.predict(rows)).data());
    for (const each of all) expect(each).toEqual(all[0]);
    return all[0];
  };
  const seen = [await predictions()];
  await trainer.fit([rows, tensor([1, 2, 3], { dtype: 'int32' })], { epochs: 2, batchSize: 3 });
  seen.push(await predictions());
  model.loadStateDict({ ...(await model.stateDict()), '0.weight': randn([40, 100], { seed: 2 }) });
  seen.push(await predictions());
  const loss = crossEntropy(model.forward(rows as never) as never, tensor([0, 0, 0], { dtype: 'int32' }) as never);
  loss.backward();
  await trainer.optimizer.step();
  seen.push(await predictions());
  for (let k = 1; k < seen.length; k++) expect(seen[k]).not.toEqual(seen[k - 1]);
});
