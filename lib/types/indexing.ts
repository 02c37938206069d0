import type { DType } from '../dtype.js';
import type { Shape } from '../shape.js';
import type { Tensor } from '../tensor.js';
import type { SameDims } from './broadcast.js';
import type { Show } from './show.js';

/** Rows of a table of shape `S`, one for each index of shape `I`. */
export type Gathered<S extends Shape, I extends Shape> = number extends S['length'] | I['length']
  ? number[]
  : S extends [number, ...infer Row extends Shape]
    ? [...I, ...Row]
    : number[];

/** Rows of shape `S` added into a table of `R` rows. */
export type Scattered<S extends Shape, I extends Shape, R extends number> = number extends S['length'] | I['length']
  ? number[]
  : S extends [...I, ...infer Row extends Shape]
    ? [R, ...Row]
    : number[];

/** `S` with `N` rows. */
export type WithRows<S extends Shape, N extends number> = number extends S['length']
  ? number[]
  : S extends [number, ...infer Row extends Shape]
    ? [N, ...Row]
    : number[];

/** The shape that labels of logits of shape `S` have: all but the last dimension. */
export type LabelShape<S extends Shape> = number extends S['length']
  ? number[]
  : S extends [...infer Batch extends Shape, number]
    ? Batch
    : never;

/** Labels of logits of shape `S`, or the text for labels that do not fit. */
export type Labels<S extends Shape, L extends Shape> = number extends S['length'] | L['length']
  ? Tensor<L, 'int32'>
  : S extends [...infer Batch extends Shape, number]
    ? SameDims<Batch, L> extends true
      ? Tensor<L, 'int32'>
      : `crossEntropy: labels ${Show<L>} do not fit logits ${Show<S>}: expected ${Show<Batch>}`
    : `crossEntropy: logits must have at least 1 dimension`;

/** How a loss is put together from its terms. */
export type Reduction = 'mean' | 'sum' | 'none';

/** The shape of a loss of terms of shape `S`. */
export type LossShape<S extends Shape, R extends Reduction> = Reduction extends R
  ? number[]
  : R extends 'none'
    ? S
    : [];

/** The second operand of an op of two tensors of one shape. */
export type SameShapeOperand<Op extends string, A extends Shape, B extends Shape, D extends DType> = number extends
  | A['length']
  | B['length']
  ? Tensor<B, D>
  : SameDims<A, B> extends true
    ? Tensor<B, D>
    : `${Op}: shapes differ: ${Show<A>} and ${Show<B>}`;
