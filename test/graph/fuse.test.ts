import { afterEach, describe, expect, it } from 'vitest';
import { planCache } from '../../lib/graph/cache.js';
import { add, mul, neg, sum, type Tensor, tensor, transpose } from '../../lib/index.js';
import { scalar } from '../../lib/tensor.js';

const { fused } = planCache;
const matrix = tensor([
  [1, 2],
  [3, 4],
]);

describe.each([true, false])('fused: %s', (on) => {
  afterEach(() => {
    planCache.fused = fused;
  });

  it('a matrix is added to its own transpose', async () => {
    planCache.fused = on;
    const [x, y] = [neg(matrix), neg(matrix)];
    expect(await add(x, transpose(x)).array()).toEqual([
      [-2, -5],
      [-5, -8],
    ]);
    expect(await add(transpose(y), y).array()).toEqual([
      [-2, -5],
      [-5, -8],
    ]);
  });

  it('a number computed in many ops is computed once', async () => {
    planCache.fused = on;
    let x = scalar(1, 0) as Tensor<[]>;
    for (let i = 0; i < 60; i++) x = add(x, x);
    expect(await mul(tensor([1, 2]), x).array()).toEqual([2 ** 60, 2 ** 61]);
  });

  it('a number computed from more numbers than a group takes', async () => {
    planCache.fused = on;
    let x = scalar(1, 0) as Tensor<[]>;
    for (let i = 0; i < 200; i++) x = add(mul(x, 1), 1);
    expect(await mul(tensor([1, 2]), x).array()).toEqual([201, 402]);
    expect(await sum(mul(matrix, x)).item()).toBe(2010);
  });
});
