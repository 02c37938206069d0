import { type GradsmithError, manualSeed, tensor } from 'gradsmith';
import { loadDigits, permutation, TensorDataset } from 'gradsmith/data';
import { expect, test } from 'vitest';

const numbers = (n: number) => Array.from({ length: n }, (_, i) => i);
const sample = (n: number) =>
  new TensorDataset(tensor(numbers(n).map((i) => [i, -i])), tensor(new Int32Array(numbers(n))));

async function labels(
  batches: Iterable<readonly [unknown, { data(): Promise<ArrayLike<number>> }]>,
): Promise<number[][]> {
  const all: number[][] = [];
  for (const [, y] of batches) all.push(Array.from(await y.data()));
  return all;
}

test('a permutation holds every index once; seed and epoch name it', () => {
  const order = permutation(1000, { seed: 3 });
  expect([...order].sort((a, b) => a - b)).toEqual(numbers(1000));
  expect(permutation(1000, { seed: 3, epoch: 0 })).toEqual(order);
  expect(permutation(1000, { seed: 3, epoch: 1 })).not.toEqual(order);
  expect(permutation(1000, { seed: 4 })).not.toEqual(order);
  manualSeed(9);
  const drawn = [permutation(50), permutation(50)];
  manualSeed(9);
  expect([permutation(50), permutation(50)]).toEqual(drawn);
  expect(drawn[0]).not.toEqual(drawn[1]);
  expect([permutation(0), permutation(1)]).toEqual([new Int32Array([]), new Int32Array([0])]);
});

test('every place of a permutation is equally likely for every index', () => {
  const counts = numbers(4).map(() => new Array(4).fill(0));
  for (let epoch = 0; epoch < 4000; epoch++) {
    permutation(4, { seed: 12, epoch }).forEach((value, place) => counts[place]![value]++);
  }
  // 1000 expected, standard deviation 27.
  for (const row of counts) for (const n of row) expect(Math.abs(n - 1000)).toBeLessThan(130);
});

test('the permutation of a seed is the same on every machine: computed by Philox as published, in Python', () => {
  expect([...permutation(10, { seed: 1 })]).toEqual([9, 4, 5, 6, 1, 0, 8, 3, 7, 2]);
  expect([...permutation(10, { seed: 1, epoch: 7 })]).toEqual([5, 1, 0, 8, 9, 4, 6, 2, 3, 7]);
});

test('batches come in order, shuffled, with the short one last or left out', async () => {
  const data = sample(7);
  expect(await labels(data.batches({ batchSize: 3 }))).toEqual([[0, 1, 2], [3, 4, 5], [6]]);
  expect(await labels(data.batches({ batchSize: 3, dropLast: true }))).toEqual([[0, 1, 2], [3, 4, 5]]); // biome-ignore format: lists
  const shuffled = await labels(data.batches({ batchSize: 3, shuffle: true, seed: 1, epoch: 2 }));
  expect(shuffled.flat()).toEqual([...permutation(7, { seed: 1, epoch: 2 })]);
  expect(await data.rows([4, 4])[0].array()).toEqual([[4, -4], [4, -4]]); // biome-ignore format: lists
});

test('parts of a split are disjoint and keep rows together', async () => {
  const parts = sample(10).split([0.7, 0.2, 0.1], { seed: 5 });
  expect(parts.map((p) => p.length)).toEqual([7, 2, 1]);
  const rows = await Promise.all(parts.map((p) => Promise.all(p.columns.map((c) => c.array()))));
  const seen: number[] = [];
  for (const [xs, ys] of rows as [number[][], number[]][]) {
    expect(xs).toEqual(ys.map((i) => [i, -i]));
    seen.push(...ys);
  }
  expect(seen.sort((a, b) => a - b)).toEqual(numbers(10));
});

test('columns of different length, and batch sizes below 1, are refused', () => {
  const code = (f: () => unknown) => {
    try {
      f();
    } catch (error) {
      return (error as GradsmithError).code;
    }
    return 'none';
  };
  expect(code(() => new TensorDataset(tensor([1, 2]), tensor([1])))).toBe('ERR_SHAPE');
  expect(code(() => new TensorDataset(tensor(1)))).toBe('ERR_SHAPE');
  expect(code(() => [...sample(3).batches({ batchSize: 0 })])).toBe('ERR_VALUE');
  expect(code(() => sample(3).split([0.5, 0.4]))).toBe('ERR_VALUE');
});

test('the digits are 1,797 images with about as many of each', async () => {
  const digits = await loadDigits(new URL('../../examples/data/digits.csv.gz', import.meta.url));
  const [images, ys] = digits.columns;
  expect([images!.shape, ys!.shape, ys!.dtype]).toEqual([[1797, 64], [1797], 'int32']);
  const [pixels, found] = [(await images!.data()) as Float32Array, (await ys!.data()) as Int32Array];
  expect([Math.min(...pixels), Math.max(...pixels)]).toEqual([0, 1]);
  const counts = new Array(10).fill(0);
  for (const y of found) counts[y]++;
  expect(counts).toEqual([178, 182, 177, 183, 181, 182, 181, 179, 174, 180]);
});

test('a file that is not of the format of the digits is refused', async () => {
  await expect(loadDigits(new URL('not-digits.csv.gz', import.meta.url))).rejects.toMatchObject({
    code: 'ERR_VALUE',
    message: 'loadDigits: line 2 is not 64 pixels of 0..16 and a digit',
  });
});
