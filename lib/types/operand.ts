import type { DType } from '../dtype.js';
import type { Shape } from '../shape.js';
import type { Tensor } from '../tensor.js';
import type { Broadcastable, BroadcastError } from './broadcast.js';

/** The text for two operands of different dtypes. */
export type DTypeError<Op extends string, D extends DType, E extends DType> =
  `${Op}: dtypes differ: ${D} and ${E} (cast one of them)`;

/**
 * Whether the dtypes of two operands differ. `E` is `never` for a number, which takes the other's dtype. Decided on
 * function types, so that it is not deferred where `D` is a type parameter.
 */
export type DTypesDiffer<D extends DType, E extends DType> = ((value: D) => void) extends (value: E) => void
  ? false
  : true;

/**
 * What the second operand of an elementwise op must be, after shape `A` and dtype `D`: a tensor or a number. On a
 * mismatch it is the text that says so, which the compiler then prints as the expected type.
 */
export type BinaryOperand<Op extends string, A extends Shape, B extends Shape, D extends DType, E extends DType> =
  DTypesDiffer<D, E> extends true
    ? DTypeError<Op, D, E>
    : Broadcastable<A, B> extends true
      ? number | Tensor<B, E>
      : BroadcastError<Op, A, B>;
