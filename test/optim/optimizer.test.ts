import { type GradsmithError, mul, parameter, square, stats, sum, tensor } from 'gradsmith';
import { Adam, AdamW, type Optimizer, SGD } from 'gradsmith/optim';
import { expect, test } from 'vitest';

const vector = (values: number[]) => parameter(tensor(values, { dtype: 'float64' }));

async function thrown(f: () => unknown): Promise<[string, string]> {
  try {
    await f();
  } catch (error) {
    return [(error as GradsmithError).code, (error as Error).message];
  }
  return ['none', ''];
}

test('step evaluates the loss, clears the gradients and leaves parameters without gradient alone', async () => {
  const [w, unused] = [vector([1, 2]), vector([5])];
  const sgd = new SGD([w, unused], { learningRate: 0.25 });
  const loss = sum(square(w));
  loss.backward();
  await sgd.step();
  expect(await loss.item()).toBe(5);
  expect(Array.from(await w.data())).toEqual([0.5, 1]);
  expect(Array.from(await unused.data())).toEqual([5]);
  expect(w.grad).toBeNull();
  expect(sgd.stepCount).toBe(1);
});

test('gradients of several losses add up before a step', async () => {
  const w = vector([1, 2]);
  const sgd = new SGD([w], { learningRate: 0.5 });
  const losses = [sum(square(w)), sum(mul(w, 3))];
  for (const loss of losses) loss.backward();
  sgd.stepSync();
  expect(losses.map((l) => l.itemSync())).toEqual([5, 9]);
  expect(Array.from(await w.data())).toEqual([1 - 2.5, 2 - 3.5]);
});

test('a step without gradients says what to do', async () => {
  const sgd = new SGD([vector([1])], { learningRate: 1 });
  const message = 'SGD.step: no parameter has a gradient; call loss.backward() first';
  expect(await thrown(() => sgd.step())).toEqual(['ERR_GRADIENT', message]);
  expect(await thrown(() => sgd.stepSync())).toEqual(['ERR_GRADIENT', message]);
  const w = vector([1]);
  const adam = new Adam([w]);
  sum(square(w)).backward();
  adam.zeroGrad();
  expect((await thrown(() => adam.step()))[0]).toBe('ERR_GRADIENT');
});

test("Adam's bias correction counts the steps in which the parameter had a gradient", async () => {
  const [late, always, fresh] = [vector([1]), vector([1]), vector([1])];
  const adam = new Adam([late, always], { learningRate: 0.1 });
  for (let t = 0; t < 3; t++) {
    sum(square(always)).backward();
    await adam.step();
  }
  sum(square(late)).backward();
  await adam.step();
  const other = new Adam([fresh], { learningRate: 0.1 });
  sum(square(fresh)).backward();
  await other.step();
  expect(await late.data()).toEqual(await fresh.data());
});

test('options outside their domain are refused', async () => {
  const w = vector([1]);
  const refused: [() => unknown, string][] = [
    [() => new SGD([], { learningRate: 1 }), 'SGD: expected parameters, got none'],
    [() => new SGD([w, w], { learningRate: 1 }), 'SGD: a parameter is given twice'],
    [
      () => new SGD([tensor([1]) as never], { learningRate: 1 }),
      'SGD: item 0 is not a parameter; make one with parameter(…)',
    ],
    [() => new SGD([w], { learningRate: -1 }), 'SGD: expected a learning rate >= 0 or a function of the step, got -1'],
    [() => new SGD([w], { learningRate: 1, momentum: -1 }), 'SGD: expected momentum >= 0, got -1'],
    [() => new SGD([w], { learningRate: 1, nesterov: true }), 'SGD: nesterov needs a momentum > 0'],
    [() => new Adam([w], { betas: [1, 0.9] }), 'Adam: expected betas[0] in [0, 1), got 1'],
    [() => new AdamW([w], { epsilon: Number.NaN }), 'AdamW: expected epsilon >= 0, got NaN'],
  ];
  for (const [f, message] of refused) expect(await thrown(f)).toEqual(['ERR_VALUE', message]);
  const sgd = new SGD([w], { learningRate: () => Number.NaN });
  sum(square(w)).backward();
  expect(await thrown(() => sgd.step())).toEqual([
    'ERR_VALUE',
    'SGD: the learning rate at step 0 is NaN, not a number',
  ]);
});

const makers: [string, (w: ReturnType<typeof vector>) => Optimizer][] = [
  ['SGD with momentum', (w) => new SGD([w], { learningRate: 0.1, momentum: 0.9 })],
  ['Adam', (w) => new Adam([w], { learningRate: 0.1 })],
  ['AdamW by a schedule', (w) => new AdamW([w], { learningRate: (step) => 0.1 / (step + 1) })],
];

test.each(makers)('%s goes on from a state dict as if it had never stopped', async (_, make) => {
  const slopes = tensor([1, 3], { dtype: 'float64' });
  const train = async (w: ReturnType<typeof vector>, optimizer: Optimizer, steps: number) => {
    for (let t = 0; t < steps; t++) {
      sum(square(mul(w, slopes))).backward();
      await optimizer.step();
    }
    return w.data();
  };
  const whole = vector([1, 2]);
  const expected = await train(whole, make(whole), 7);
  const first = vector([1, 2]);
  const firstOptimizer = make(first);
  const halfway = await train(first, firstOptimizer, 4);
  const second = vector([...halfway]);
  const secondOptimizer = make(second);
  secondOptimizer.loadStateDict(await firstOptimizer.stateDict());
  expect(secondOptimizer.stepCount).toBe(4);
  expect(await train(second, secondOptimizer, 3)).toEqual(expected);
  expect(
    (await thrown(() => new SGD([first], { learningRate: 1 }).loadStateDict(secondOptimizer.stateDictSync())))[0],
  ).toBe('ERR_VALUE');
});

test('steps with a schedule and bias corrections build no plans after the first', async () => {
  const w = vector([1, 2, 3]);
  const adam = new AdamW([w], { learningRate: (step) => 1e-3 * (1 + step) });
  const step = () => {
    sum(square(w)).backward();
    return adam.step();
  };
  await step();
  await step();
  const { plansBuilt } = stats();
  for (let t = 0; t < 20; t++) await step();
  expect(stats().plansBuilt).toBe(plansBuilt);
});
