import type { DType } from '../dtype.js';
import { op } from '../graph/op.js';
import type { Shape } from '../shape.js';
import type { Tensor } from '../tensor.js';
import type { BinaryOperand, Broadcast, NumericDType } from '../types/index.js';
import { anyType, binary, numeric, predicate } from './build.js';

// Tests of two elements: the result is bool, and no gradient flows through it.

export const Equal = op({ ...predicate('equal', anyType), commutes: true });

/**
 * Whether elements are equal, broadcasting; NaN equals nothing.
 * @example await equal(tensor([1, 2]), 2).data() // Uint8Array [0, 1]
 */
export function equal<E extends DType = never, D extends DType = E, B extends Shape = [], A extends Shape = B>(
  a: number | Tensor<A, D>,
  b: BinaryOperand<'equal', A, B, D, E>,
): Tensor<Broadcast<A, B>, 'bool'> {
  return binary(Equal, a, b);
}

export const NotEqual = op({ ...predicate('notEqual', anyType), commutes: true });

/**
 * Whether elements differ, broadcasting; NaN differs from everything.
 * @example await notEqual(tensor([1, 2]), 2).data() // Uint8Array [1, 0]
 */
export function notEqual<E extends DType = never, D extends DType = E, B extends Shape = [], A extends Shape = B>(
  a: number | Tensor<A, D>,
  b: BinaryOperand<'notEqual', A, B, D, E>,
): Tensor<Broadcast<A, B>, 'bool'> {
  return binary(NotEqual, a, b);
}

export const Less = op({ ...predicate('less', numeric) });

/**
 * Whether `a < b`, elementwise, broadcasting.
 * @example await less(tensor([1, 2]), 2).data() // Uint8Array [1, 0]
 */
export function less<
  E extends DType = never,
  D extends NumericDType = Extract<E, NumericDType>,
  B extends Shape = [],
  A extends Shape = B,
>(a: number | Tensor<A, D>, b: BinaryOperand<'less', A, B, D, E>): Tensor<Broadcast<A, B>, 'bool'> {
  return binary(Less, a, b);
}

export const LessEqual = op({ ...predicate('lessEqual', numeric) });

/**
 * Whether `a <= b`, elementwise, broadcasting.
 * @example await lessEqual(tensor([2, 3]), 2).data() // Uint8Array [1, 0]
 */
export function lessEqual<
  E extends DType = never,
  D extends NumericDType = Extract<E, NumericDType>,
  B extends Shape = [],
  A extends Shape = B,
>(a: number | Tensor<A, D>, b: BinaryOperand<'lessEqual', A, B, D, E>): Tensor<Broadcast<A, B>, 'bool'> {
  return binary(LessEqual, a, b);
}

export const Greater = op({ ...predicate('greater', numeric) });

/**
 * Whether `a > b`, elementwise, broadcasting.
 * @example await greater(tensor([2, 3]), 2).data() // Uint8Array [0, 1]
 */
export function greater<
  E extends DType = never,
  D extends NumericDType = Extract<E, NumericDType>,
  B extends Shape = [],
  A extends Shape = B,
>(a: number | Tensor<A, D>, b: BinaryOperand<'greater', A, B, D, E>): Tensor<Broadcast<A, B>, 'bool'> {
  return binary(Greater, a, b);
}

export const GreaterEqual = op({ ...predicate('greaterEqual', numeric) });

/**
 * Whether `a >= b`, elementwise, broadcasting.
 * @example await greaterEqual(tensor([1, 2]), 2).data() // Uint8Array [0, 1]
 */
export function greaterEqual<
  E extends DType = never,
  D extends NumericDType = Extract<E, NumericDType>,
  B extends Shape = [],
  A extends Shape = B,
>(a: number | Tensor<A, D>, b: BinaryOperand<'greaterEqual', A, B, D, E>): Tensor<Broadcast<A, B>, 'bool'> {
  return binary(GreaterEqual, a, b);
}
