import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { crossEntropy, explain, profile, randint, randn } from 'gradsmith';
import { TensorDataset } from 'gradsmith/data';
import { Linear, ReLU, Sequential } from 'gradsmith/nn';
import { Adam } from 'gradsmith/optim';
import { Trainer } from 'gradsmith/train';
import { expect, it } from 'vitest';
import { lazily } from '../lazy.js';

lazily();

function classifier() {
  const model = new Sequential(new Linear(6, 8), new ReLU(), new Linear(8, 3));
  const optimizer = new Adam(model.parameters(), { learningRate: 0.01 });
  return new Trainer({ model, loss: crossEntropy, optimizer });
}
const examples = new TensorDataset(randn([20, 6], { seed: 1 }), randint([20], { high: 3, seed: 2 }));
const titles = (text: string) =>
  text.split('\n\n').map((section) => /^(.*?): plan of \d+ instruction/.exec(section)?.[1]);

it('a trainer explains what its fit, its evaluation and its predictions have run', async () => {
  const trainer = classifier();
  expect(() => explain(trainer)).toThrow('explain: the trainer has run nothing yet, so it has no plan; call fit');
  await trainer.fit(examples, { epochs: 1, batchSize: 8 });
  expect(titles(explain(trainer))).toEqual(['fit, batches of 8', 'fit, batches of 4']);
  await trainer.evaluate(examples);
  await trainer.predict(randn([1, 6]));
  trainer.predictSync(randn([5, 6]));
  await trainer.fit(examples, { epochs: 1, batchSize: 10, shuffle: false });
  const text = explain(trainer);
  expect(titles(text)).toEqual([
    'fit, batches of 10',
    'evaluate, batches of 20',
    'predict ([5, 6])',
    'predict ([1, 6])',
  ]);
  const [fit, evaluation] = text.split('\n\n') as [string, string];
  expect(fit).toMatch(/input \d+ \(rows from scalar \d+\) \[10, 6\]/);
  expect(fit).toMatch(/state \d+ \(in place\)/);
  expect(evaluation).not.toMatch(/in place\) <- .*state/);
  expect(text).not.toMatch(/ns$|µs$/m);
});

it('after a profiled fit each instruction has its time', async () => {
  const trainer = classifier();
  const folder = await mkdtemp(join(tmpdir(), 'gradsmith-'));
  try {
    const file = join(folder, 'trace.json');
    await profile(() => trainer.fit(examples, { epochs: 3, batchSize: 8 }), { file });
  } finally {
    await rm(folder, { recursive: true });
  }
  const sections = explain(trainer).split('\n\n');
  expect(sections).toHaveLength(2);
  for (const section of sections) for (const line of section.split('\n').slice(1)) expect(line).toMatch(/\d (ns|µs)$/);
});

it('a model that reads values while it predicts has no plan to explain', async () => {
  const model = new Sequential(new Linear(6, 3));
  const forward = model.forward.bind(model);
  Object.assign(model, {
    forward(x: never) {
      const y = forward(x) as never as ReturnType<typeof randn>;
      y.dataSync();
      return y;
    },
  });
  const trainer = new Trainer({ model, loss: crossEntropy, optimizer: new Adam(model.parameters()) });
  await trainer.predict(randn([2, 6]));
  expect(() => explain(trainer)).toThrow('the trainer has run nothing yet');
});
