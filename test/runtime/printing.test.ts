import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import { arange, parameter, tensor, zeros } from '../../lib/index.js';

const print = (t: unknown): string => inspect(t);

describe('console.log of a tensor', () => {
  it('shows shape, dtype and aligned values', () => {
    expect(
      print(
        tensor([
          [1, 2.5],
          [-3, 0.125],
        ]),
      ),
    ).toBe('Tensor([2, 2], float32)\n[[ 1.   ,  2.5  ],\n [-3.   ,  0.125]]');
    expect(print(tensor([1, 20], { dtype: 'int32' }))).toBe('Tensor([2], int32)\n[ 1, 20]');
    expect(print(tensor([true, false]))).toBe('Tensor([2], bool)\n[ true, false]');
  });

  it('shows float32 numbers with the digits they have, not those of their double', () => {
    expect(print(tensor([0.1, 0.2]))).toBe('Tensor([2], float32)\n[0.1, 0.2]');
    expect(print(tensor([1 / 3], { dtype: 'float64' }))).toBe('Tensor([1], float64)\n[0.33333333]');
  });

  it('switches to powers of ten where numbers differ much', () => {
    expect(print(tensor([1e-5, 1]))).toBe('Tensor([2], float32)\n[1.e-05, 1.e+00]');
    expect(print(tensor([12345678, 0.5], { dtype: 'float64' }))).toBe(
      'Tensor([2], float64)\n[1.2345678e+07, 5.0000000e-01]',
    );
  });

  it('shows scalars, empty tensors, NaN and infinities', () => {
    expect(print(tensor(7))).toBe('Tensor([], float32)\n7.');
    expect(print(zeros([0, 3]))).toBe('Tensor([0, 3], float32)\n[]');
    expect(print(tensor([Number.NaN, Number.POSITIVE_INFINITY, -1]))).toBe('Tensor([3], float32)\n[nan, inf, -1.]');
  });

  it('leaves out the middle of a large one', () => {
    expect(print(arange(2000))).toBe(
      'Tensor([2000], float32)\n[0.000e+00, 1.000e+00, 2.000e+00, ..., 1.997e+03, 1.998e+03, 1.999e+03]',
    );
    expect(print(zeros([400, 400])).split('\n')).toHaveLength(8);
  });

  it('separates the matrices of a higher rank by an empty line', () => {
    expect(print(tensor([[[1]], [[2]]]))).toBe('Tensor([2, 1, 1], float32)\n[[[1.]],\n\n [[2.]]]');
  });

  it('shows a parameter', () => {
    expect(print(parameter(tensor([1, 2])))).toBe('Tensor([2], float32)\n[1., 2.]');
  });
});
