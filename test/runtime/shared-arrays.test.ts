import { expect, test } from 'vitest';
import { type DType, evaluate, tensor } from '../../lib/index.js';

const DTYPES: DType[] = ['float32', 'float64', 'int32', 'uint8', 'bool'];

// Small elements share buffers: none may lie on another's, whatever their size and dtype, and what a user gets is his own.
test('small tensors of all dtypes keep their elements beside each other', async () => {
  const made = Array.from({ length: 800 }, (_, i) => {
    const values = Array.from({ length: (i * 37) % 1100 }, (_, k) => (i + k) % 2);
    return { values, t: tensor(values, { dtype: DTYPES[i % DTYPES.length]! }) };
  });
  const sums = made.map(({ t }) => t.cast('int32').sum());
  await evaluate(...sums);
  for (const [i, { values, t }] of made.entries()) {
    expect(Array.from(await t.data())).toEqual(values);
    expect(sums[i]!.itemSync()).toBe(values.reduce((a, b) => a + b, 0));
  }
});

test('data() has a buffer of its own, and writing to it changes nobody', async () => {
  const [a, b] = [tensor([1, 2, 3]), tensor([4, 5, 6])];
  const y = a.add(b);
  for (const t of [a, b, y]) {
    const data = t.dataSync();
    expect(data.buffer.byteLength).toBe(data.byteLength);
    data.fill(9);
  }
  expect(Array.from(await y.data())).toEqual([5, 7, 9]);
  expect(Array.from(await a.add(b).data())).toEqual([5, 7, 9]);
});
