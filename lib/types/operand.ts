import type { DType } from '../dtype.js';
import type { Shape } from '../shape.js';
import type { Tensor } from '../tensor.js';
import type { Broadcastable, BroadcastError } from './broadcast.js';

/** The dtypes of arithmetic: all but bool, which is cast first. */
export type NumericDType = Exclude<DType, 'bool'>;

/** The dtypes that can be summed: eight bits would overflow at once, so uint8 and bool are cast first. */
export type SummableDType = Exclude<DType, 'uint8' | 'bool'>;

/** The text for two operands of different dtypes. */
export type DTypeError<
  Op extends string,
  D extends DType,
  E extends DType,
> = `${Op}: dtypes differ: ${D} and ${E} (cast one of them)`;

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
 *
 * `A | B` is `B` for checking; `A` is there for inference. Where the first operand is a number, it gives `A` the shape of the
 * second before the compiler would take it from the type that the caller expects (and accept
 * `const t: Tensor<[64]> = mul(2, b)` for any b). Where the first is a tensor, that decides: a member of a union is the weaker
 * source.
 */
export type BinaryOperand<Op extends string, A extends Shape, B extends Shape, D extends DType, E extends DType> =
  DTypesDiffer<D, E> extends true
    ? DTypeError<Op, D, E>
    : Broadcastable<A, B> extends true
      ? number | Tensor<A | B, E>
      : BroadcastError<Op, A, B>;

/** The second operand of an elementwise op of one dtype that takes no numbers. */
export type BroadcastOperand<Op extends string, A extends Shape, B extends Shape, D extends DType> =
  Broadcastable<A, B> extends true ? Tensor<B, D> : BroadcastError<Op, A, B>;

/** The condition of `where`, which broadcasts with the result `R` of broadcasting the other two. */
export type WhereCondition<C extends Shape, R extends Shape> =
  Broadcastable<C, R> extends true ? Tensor<C, 'bool'> : BroadcastError<'where', C, R>;
