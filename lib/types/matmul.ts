import type { DType } from '../dtype.js';
import type { Shape } from '../shape.js';
import type { Tensor } from '../tensor.js';
import type { BroadcastDims } from './broadcast.js';
import type { SameDim } from './dim.js';
import type { DTypeError, DTypesDiffer } from './operand.js';
import type { Show, ShowDim } from './show.js';

/** The text for inner dimensions that differ, with both shapes and the two dimensions. */
export type InnerError<
  A extends Shape,
  B extends Shape,
  K extends number,
  L extends number,
> = `matmul: inner dimensions differ: ${Show<A>} x ${Show<B>} (${ShowDim<K>} and ${ShowDim<L>})`;

export type MatmulBatchError<
  A extends Shape,
  B extends Shape,
> = `matmul: batch dimensions do not broadcast: ${Show<A>} x ${Show<B>}`;

export type MatmulScalarError<
  A extends Shape,
  B extends Shape,
> = `matmul: operands must have at least 1 dimension: ${Show<A>} x ${Show<B>}`;

/**
 * The shape of a matrix product, or its error text. As in NumPy: leading dimensions broadcast, and a vector is a row on
 * the left and a column on the right that vanishes from the result.
 */
export type MatmulShape<A extends Shape, B extends Shape> = number extends A['length'] | B['length']
  ? number[]
  : A extends [...infer BatchA extends Shape, infer M extends number, infer K extends number]
    ? B extends [...infer BatchB extends Shape, infer L extends number, infer N extends number]
      ? SameDim<K, L> extends true
        ? BroadcastDims<BatchA, BatchB> extends infer Batch extends Shape
          ? [...Batch, M, N]
          : MatmulBatchError<A, B>
        : InnerError<A, B, K, L>
      : B extends [infer L extends number]
        ? SameDim<K, L> extends true
          ? [...BatchA, M]
          : InnerError<A, B, K, L>
        : MatmulScalarError<A, B>
    : A extends [infer K extends number]
      ? VectorMatmulShape<A, B, K>
      : MatmulScalarError<A, B>;

/** `MatmulShape` with a vector of length `K` on the left. */
export type VectorMatmulShape<A extends Shape, B extends Shape, K extends number> = B extends [
  ...infer Batch extends Shape,
  infer L extends number,
  infer N extends number,
]
  ? SameDim<K, L> extends true
    ? [...Batch, N]
    : InnerError<A, B, K, L>
  : B extends [infer L extends number]
    ? SameDim<K, L> extends true
      ? []
      : InnerError<A, B, K, L>
    : MatmulScalarError<A, B>;

/** The second operand of `matmul`, or the text of what is wrong with it. */
export type MatmulOperand<Result, B extends Shape, D extends DType, E extends DType> = Result extends string
  ? Result
  : DTypesDiffer<D, E> extends true
    ? DTypeError<'matmul', D, E>
    : Tensor<B, E>;
