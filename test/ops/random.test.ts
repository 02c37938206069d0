import {
  dropout,
  evaluate,
  gradients,
  manualSeed,
  mean,
  ones,
  parameter,
  rand,
  randint,
  randn,
  square,
  sub,
  sum,
} from 'gradsmith';
import { describe, expect, test } from 'vitest';

const error = (code: string, message: string) => expect.objectContaining({ name: 'GradsmithError', code, message });

test('the same seed gives the same numbers, the next draw others', async () => {
  manualSeed(7);
  const first = await randn([100]).data();
  const second = await randn([100]).data();
  manualSeed(7);
  expect(await randn([100]).data()).toEqual(first);
  expect(second).not.toEqual(first);
});

test('draws are numbered when they are made, not when they are read', async () => {
  manualSeed(7);
  const [a, b] = [rand([10]), rand([10])];
  const late = await b.data();
  const early = await a.data();
  manualSeed(7);
  expect(await rand([10]).data()).toEqual(early);
  expect(await rand([10]).data()).toEqual(late);
});

test('a seed of its own leaves the default generator alone', async () => {
  manualSeed(3);
  const plain = await rand([5]).data();
  manualSeed(3);
  const own = await rand([5], { seed: 11 }).data();
  expect(await rand([5]).data()).toEqual(plain);
  expect(await rand([5], { seed: 11 }).data()).toEqual(own);
});

test('a tensor of random numbers has one value, however it is read', async () => {
  const x = randn([50]);
  const [a, b] = [sum(x), square(x)];
  await evaluate(a, b);
  expect(await sum(square(x)).item()).toBeCloseTo(
    (await b.data()).reduce((s, v) => s + v, 0),
    3,
  );
  expect(await sum(x).item()).toBe(await a.item());
  expect(await sub(x, x).data()).toEqual(new Float32Array(50));
});

test('uniform numbers fill [0, 1), normal ones have mean 0 and variance 1, integers take every value', async () => {
  const u = await rand([40_000], { seed: 1 }).data();
  expect(Math.min(...u)).toBeGreaterThanOrEqual(0);
  expect(Math.max(...u)).toBeLessThan(1);
  const z = randn([40_000], { seed: 2, dtype: 'float64' });
  // Four standard deviations of the estimate.
  expect(Math.abs(await mean(z).item())).toBeLessThan(4 / 200);
  expect(Math.abs((await mean(square(z)).item()) - 1)).toBeLessThan((4 * Math.SQRT2) / 200);
  const i = await randint([1000], { low: -2, high: 3, seed: 4 }).data();
  expect([...new Set(i)].sort((a, b) => a - b)).toEqual([-2, -1, 0, 1, 2]);
});

describe('dropout', () => {
  test('zeroes with probability p, scales the rest, and passes gradients the same way', async () => {
    const x = parameter(ones([10_000]));
    const y = dropout(x, { p: 0.25, seed: 5 });
    const [dx] = gradients(sum(y), [x]);
    const values = await y.data();
    const kept = values.filter((v) => v !== 0);
    expect(Math.abs(kept.length / 10_000 - 0.75)).toBeLessThan(4 * Math.sqrt((0.25 * 0.75) / 10_000));
    expect(new Set(kept)).toEqual(new Set([Math.fround(1 / 0.75)]));
    expect(await dx!.data()).toEqual(values);
  });

  test('draws anew each time', async () => {
    const x = ones([100]);
    expect(await dropout(x).data()).not.toEqual(await dropout(x).data());
  });

  test('refuses probabilities outside [0, 1)', () => {
    for (const p of [1, -0.1, Number.NaN]) {
      expect(() => dropout(ones([2]), { p })).toThrow(
        error('ERR_VALUE', `dropout: expected a probability in [0, 1), got ${p}`),
      );
    }
  });
});

test('randint refuses bounds that the dtype does not have', () => {
  expect(() => randint([2], { low: 3, high: 3 })).toThrow(
    error('ERR_VALUE', 'randint: expected integers low < high within int32, got 3 and 3'),
  );
  expect(() => randint([2], { high: 257, dtype: 'uint8' })).toThrow(
    error('ERR_VALUE', 'randint: expected integers low < high within uint8, got 0 and 257'),
  );
});
