import { expect, it } from 'vitest';
import { FLOAT32 } from '../../lib/dtype.js';
import { div, mul, neg, sub, type Tensor, tensor } from '../../lib/index.js';
import { constant } from '../../lib/ops/fill.js';

const zeros = tensor([0, -0]);
const number = (value: number) => constant(value, FLOAT32) as unknown as Tensor<[]>;

it('rewrites keep the signs of zeros', async () => {
  expect(await sub(zeros, number(0)).array()).toEqual([0, -0]);
  expect(await sub(zeros, number(-0)).array()).toEqual([0, 0]);
  expect(await mul(zeros, number(1)).array()).toEqual([0, -0]);
  expect(await div(zeros, number(1)).array()).toEqual([0, -0]);
  expect(await neg(neg(zeros)).array()).toEqual([0, -0]);
});
