import { crossEntropy, type GradsmithError, manualSeed, mse, setEager, setThreads, stats, tensor } from 'gradsmith';
import { TensorDataset } from 'gradsmith/data';
import { Dropout, Linear, ReLU, Sequential, Tanh } from 'gradsmith/nn';
import { AdamW, SGD } from 'gradsmith/optim';
import { accuracy, type Progress, Trainer } from 'gradsmith/train';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';

/** Two classes of points, inside and outside a circle; deterministic. */
function points(n: number) {
  const xs = Array.from({ length: n }, (_, i) => [Math.sin(1.7 * i), Math.sin(2.9 * i + 1)]);
  const ys = Int32Array.from(xs, ([a, b]) => (a! * a! + b! * b! < 0.6 ? 1 : 0));
  return new TensorDataset(tensor(xs), tensor(ys));
}

function classifier({ seed = 1, dropout = 0 } = {}) {
  manualSeed(seed);
  const model = new Sequential(new Linear(2, 16), new ReLU(), new Dropout(dropout), new Linear(16, 2));
  const optimizer = new AdamW(model.parameters(), { learningRate: (step) => 0.05 / (1 + step / 40) });
  return { model, optimizer, trainer: new Trainer({ model, loss: crossEntropy, optimizer, metrics: { accuracy } }) };
}
type Classifier = ReturnType<typeof classifier>;

async function weights({ model }: Classifier): Promise<Record<string, unknown>> {
  const entries = Object.entries(await model.stateDict());
  return Object.fromEntries(await Promise.all(entries.map(async ([name, t]) => [name, await t.data()] as const)));
}

interface LoopOptions {
  epochs: number;
  batchSize: number;
  seed?: number;
  steps?: number;
}

/** What `fit` must do, written by hand. */
async function loop({ model, optimizer }: Classifier, data: ReturnType<typeof points>, options: LoopOptions) {
  const { epochs, steps = Number.POSITIVE_INFINITY, ...rest } = options;
  for (let epoch = 0; epoch < epochs; epoch++) {
    for (const [x, y] of data.batches({ shuffle: true, epoch, ...rest })) {
      if (optimizer.stepCount >= steps) return;
      crossEntropy(model.forward(x as never), y as never).backward();
      await optimizer.step();
    }
  }
}

async function thrown(f: () => Promise<unknown>): Promise<[string, string]> {
  try {
    await f();
  } catch (error) {
    return [(error as GradsmithError).code, (error as Error).message];
  }
  return ['none', ''];
}

// A fit is one plan whatever the mode. A loop in eager mode is not: its products see other memory layouts, and may sum in another order.
const eager = process.env.GRADSMITH_EAGER === '1';
const { threads } = stats();
beforeEach(() => setEager(false));
afterEach(() => {
  setEager(eager);
  setThreads(threads);
});

test('a fit in eager mode is the same fit', async () => {
  const [lazy, eagerly] = [classifier({ dropout: 0.2 }), classifier({ dropout: 0.2 })];
  for (const c of [lazy, eagerly]) {
    setEager(c === eagerly);
    manualSeed(5);
    await c.trainer.fit(points(40), { epochs: 2, batchSize: 16, seed: 1 });
  }
  expect(await weights(eagerly)).toEqual(await weights(lazy));
});

describe('fit gives the bits of a loop written by hand', () => {
  test.each([
    ['with a short last batch', { n: 103, epochs: 4, batchSize: 16, seed: 5 }, 0],
    ['with whole batches only', { n: 96, epochs: 4, batchSize: 16, seed: 5 }, 0],
    ['with one short batch', { n: 10, epochs: 6, batchSize: 16, seed: 5 }, 0],
    ['with dropout', { n: 103, epochs: 4, batchSize: 16, seed: 5 }, 0.3],
    ['with dropout and orders from the same generator', { n: 103, epochs: 4, batchSize: 16 }, 0.3],
    [
      'with batches above the size at which kernels are threaded',
      { n: 4100, epochs: 2, batchSize: 2048, seed: 1 },
      0.1,
    ],
  ] as const)('%s', async (_, { n, ...options }, dropout) => {
    const data = points(n);
    const [fitted, looped] = [classifier({ dropout }), classifier({ dropout })];
    manualSeed(77);
    await fitted.trainer.fit(data, options);
    manualSeed(77);
    await loop(looped, data, options);
    expect(fitted.optimizer.stepCount).toBe(looped.optimizer.stepCount);
    expect(await weights(fitted)).toEqual(await weights(looped));
  });

  test('on one thread as on two', async () => {
    const data = points(4100);
    const results = [];
    for (const count of [1, 2]) {
      setThreads(count);
      const c = classifier({ dropout: 0.2 });
      await c.trainer.fit(data, { epochs: 2, batchSize: 1024, seed: 3 });
      results.push(await weights(c));
    }
    expect(results[0]).toEqual(results[1]);
  });

  test('and goes on in a second fit', async () => {
    const data = points(50);
    const [twice, looped] = [classifier(), classifier()];
    for (const seed of [1, 2]) {
      await twice.trainer.fit(data, { epochs: 2, batchSize: 16, seed });
      await loop(looped, data, { epochs: 2, batchSize: 16, seed });
    }
    expect(await weights(twice)).toEqual(await weights(looped));
  });
});

test('plans are built in the first epoch only, validation included, and none in a second fit', async () => {
  const [data, validation] = [points(103), points(37)];
  const { trainer } = classifier({ dropout: 0.1 });
  const built: number[] = [];
  const options = { epochs: 6, batchSize: 16, validation, onEpoch: () => void built.push(stats().plansBuilt) };
  await trainer.fit(data, options);
  await trainer.fit(data, options);
  expect(new Set(built).size).toBe(1);
});

test('a stretch of steps is one native call', async () => {
  const { trainer } = classifier();
  await trainer.fit(points(1600), { epochs: 1, batchSize: 16 });
  const { runs } = stats();
  await trainer.fit(points(16), { epochs: 1, batchSize: 16 });
  const small = stats().runs - runs;
  await trainer.fit(points(1600), { epochs: 1, batchSize: 16 });
  expect(stats().runs - runs - small).toBeLessThan(100 / 2);
});

test('learns, and reports every epoch', async () => {
  const data = points(200);
  const { trainer } = classifier();
  const untrained = await trainer.evaluate(data);
  const reports = await trainer.fit(data, { epochs: 30, batchSize: 16, seed: 1, validation: data });
  const trained = await trainer.evaluate(data);
  expect(reports.map((r) => r.epoch)).toEqual(Array.from({ length: 30 }, (_, i) => i + 1));
  expect(reports.at(-1)!.validation).toEqual(trained);
  expect(trained.loss).toBeLessThan(untrained.loss / 3);
  expect(trained.accuracy).toBeGreaterThan(0.95);
  expect(reports[0]!.scores.loss).toBeGreaterThan(reports.at(-1)!.scores.loss);
});

test('scores are averages over examples, whatever the batches', async () => {
  const data = points(103);
  const { trainer, model } = classifier({ dropout: 0.5 });
  const [x, y] = data.columns;
  model.eval();
  const output = model.forward(x as never);
  const loss = await crossEntropy(output, y as never).item();
  const hits = await accuracy(output, y as never).item();
  model.train();
  for (const batchSize of [7, 103, 500]) {
    const scores = await trainer.evaluate(data, { batchSize });
    expect(scores.loss).toBeCloseTo(loss, 5);
    expect(scores.accuracy).toBeCloseTo(hits, 6);
  }
  expect([...model.modules()].every((m) => m.training)).toBe(true);
  const predicted = await trainer.predict(x!);
  expect(await predicted.data()).toEqual(await output.data());
  expect(trainer.predictSync(x!).dataSync()).toEqual(await output.data());
});

test('a signal stops at a step boundary: the model is that of the steps that were counted', async () => {
  const data = points(64);
  const [stopped, looped] = [classifier(), classifier()];
  const controller = new AbortController();
  // A timer fires while the fit runs, because the event loop is free; it is set when there are steps to count.
  const onEpoch = ({ epoch }: { epoch: number }) => {
    if (epoch === 5) setTimeout(() => controller.abort(), 5);
  };
  const { signal } = controller;
  const fit = () => stopped.trainer.fit(data, { epochs: 1e9, batchSize: 16, seed: 4, signal, onEpoch });
  expect(await thrown(fit)).toEqual(['ERR_ABORTED', 'fit: stopped by its signal']);
  const steps = stopped.optimizer.stepCount;
  expect(steps).toBeGreaterThan(0);
  await loop(looped, data, { epochs: 1e9, batchSize: 16, seed: 4, steps });
  expect(await weights(stopped)).toEqual(await weights(looped));
  expect((await thrown(fit))[0]).toBe('ERR_ABORTED');
  expect(stopped.optimizer.stepCount).toBe(steps);
});

describe('a stretch is queued ahead of the one that runs', () => {
  const inOrder = { batchSize: 16, shuffle: false } as const;

  test('across epochs, and a signal stops both: the model is that of the steps that were counted', async () => {
    const data = points(64);
    const [stopped, looped] = [classifier({ dropout: 0.1 }), classifier({ dropout: 0.1 })];
    const controller = new AbortController();
    const { signal } = controller;
    manualSeed(3);
    const fit = stopped.trainer.fit(data, { epochs: 1e9, batchSize: 16, seed: 4, signal });
    while (stopped.optimizer.stepCount === 0) await new Promise((resolve) => setTimeout(resolve));
    expect(stats().jobsQueued).toBe(2);
    controller.abort();
    expect(await thrown(() => fit)).toEqual(['ERR_ABORTED', 'fit: stopped by its signal']);
    expect(stats().jobsQueued).toBe(0);
    const steps = stopped.optimizer.stepCount;
    manualSeed(3);
    await loop(looped, data, { epochs: 1e9, batchSize: 16, seed: 4, steps });
    expect(await weights(stopped)).toEqual(await weights(looped));
  });

  test('and does nothing when that one fails', async () => {
    const data = points(64);
    const [xs, ys] = [data.columns[0]!, (await data.columns[1]!.data()) as Int32Array];
    const bad = new TensorDataset(xs, tensor(Int32Array.from(ys, (y, i) => (i === 40 ? 7 : y))));
    const [failed, looped] = [classifier(), classifier()];
    expect((await thrown(() => failed.trainer.fit(bad, { epochs: 5, ...inOrder })))[0]).toBe('ERR_INDEX');
    expect(stats().jobsQueued).toBe(0);
    for (const [x, y] of data.batches(inOrder)) {
      if (looped.optimizer.stepCount === 2) break;
      crossEntropy(looped.model.forward(x as never), y as never).backward();
      await looped.optimizer.step();
    }
    expect(await weights(failed)).toEqual(await weights(looped));
  });

  test('but not where somebody is told and may change what follows', async () => {
    const data = points(64);
    const told: number[][] = [];
    const { trainer, optimizer, model } = classifier();
    const see = (step: number) => {
      told.push([step, optimizer.stepCount, stats().jobsQueued]);
      model.parameters()[0]!.dataSync(); // as it is now
    };
    const onProgress = ({ step }: Progress<'accuracy'>) => see(step);
    await trainer.fit(data, { epochs: 300, ...inOrder, onProgress });
    const steps = optimizer.stepCount;
    await trainer.fit(data, { epochs: 20, ...inOrder, onEpoch: ({ epoch }) => see(steps + epoch * 4) });
    expect(told.length).toBeGreaterThan(21);
    for (const [step, count, queued] of told) expect([count, queued]).toEqual([step, 0]);
  });
});

test('progress counts up to the last step', async () => {
  const { trainer } = classifier();
  const seen: Progress<'accuracy'>[] = [];
  await trainer.fit(points(103), { epochs: 3, batchSize: 16, onProgress: (p) => seen.push(p) });
  const steps = seen.map((p) => p.step);
  expect(steps).toEqual([...steps].sort((a, b) => a - b));
  expect(seen.at(-1)).toMatchObject({ step: 21, steps: 21, epoch: 3, epochs: 3, secondsLeft: 0 });
  for (const { scores } of seen) expect(scores.loss > 0 && scores.accuracy >= 0 && scores.accuracy <= 1).toBe(true);
});

test('onEpoch stops by returning false', async () => {
  const { trainer, optimizer } = classifier();
  const reports = await trainer.fit(points(32), { epochs: 9, batchSize: 16, onEpoch: ({ epoch }) => epoch < 3 });
  expect([reports.length, optimizer.stepCount]).toEqual([3, 6]);
});

test('arrays are examples too', async () => {
  manualSeed(2);
  const model = new Sequential(new Linear(2, 8), new Tanh(), new Linear(8, 1));
  const trainer = new Trainer({
    model,
    loss: mse,
    optimizer: new SGD(model.parameters(), { learningRate: 0.5, momentum: 0.9 }),
  });
  const xor = [[[0, 0], [0, 1], [1, 0], [1, 1]], [[0], [1], [1], [0]]]; // biome-ignore format: a table
  await trainer.fit(xor, { epochs: 500, batchSize: 4 });
  expect((await trainer.evaluate(xor)).loss).toBeLessThan(1e-3);
  expect(((await (await trainer.predict(xor[0]!)).array()) as number[][]).map(([v]) => Math.round(v!) + 0)).toEqual([
    0, 1, 1, 0,
  ]);
});

test('what cannot be trained is refused', async () => {
  const { trainer, model, optimizer } = classifier();
  const data = points(8);
  const refused: [() => Promise<unknown>, string, string][] = [
    [() => trainer.fit(data, { epochs: -1 }), 'ERR_VALUE', 'fit: expected epochs >= 0, got -1'],
    [() => trainer.fit(data, { epochs: 1, batchSize: 0 }), 'ERR_VALUE', 'fit: expected a batchSize >= 1, got 0'],
    [() => trainer.fit([[1, 2]], { epochs: 1 }), 'ERR_VALUE', 'fit: expected inputs and targets, got 1 column'],
    [() => trainer.fit([[], []], { epochs: 1 }), 'ERR_VALUE', 'fit: there are no examples'],
    [
      () => trainer.fit(data, { epochs: 1, batchSize: 9, dropLast: true }),
      'ERR_VALUE',
      'fit: 8 examples do not fill a batch of 9',
    ],
  ];
  for (const [f, code, message] of refused) expect(await thrown(f)).toEqual([code, message]);
  const rows = new Trainer({
    model,
    loss: (y, t) => crossEntropy(y as never, t as never, { reduction: 'none' }),
    optimizer,
  });
  expect(await thrown(() => rows.fit(data, { epochs: 1 }))).toEqual([
    'ERR_SHAPE',
    'Trainer: loss must have one element, got shape [8]; take its mean()',
  ]);
  const first = trainer.fit(data, { epochs: 2 });
  expect((await thrown(() => trainer.fit(data, { epochs: 1 })))[0]).toBe('ERR_VALUE');
  await first;
});

test('a label out of range is an error with a code', async () => {
  const { trainer } = classifier();
  const data = new TensorDataset(tensor([[0, 1], [1, 0]]), tensor([0, 5], { dtype: 'int32' })); // biome-ignore format: a table
  expect((await thrown(() => trainer.fit(data, { epochs: 1 })))[0]).toBe('ERR_INDEX');
});
