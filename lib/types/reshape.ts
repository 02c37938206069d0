import type { Shape } from '../shape.js';
import type { Product } from './product.js';
import type { Dims } from './resolved.js';
import type { Identical, Show } from './show.js';

/** `L` without the first dimension identical to `X`; `null` when it has none. */
export type RemoveDim<X extends number, L extends Dims, Seen extends Shape = []> = L extends readonly [
  infer Head extends number,
  ...infer Rest extends Dims,
]
  ? Identical<X, Head> extends true
    ? [...Seen, ...Rest]
    : RemoveDim<X, Rest, [...Seen, Head]>
  : null;

/** Cancels equal dimensions of two shapes, and drops ones, so that a product is needed of what is left only: `[leftA, leftB]`. */
export type CancelDims<A extends Dims, B extends Dims, LeftA extends Shape = []> = A extends readonly [
  infer Head extends number,
  ...infer Rest extends Dims,
]
  ? RemoveDim<Head, B> extends infer RestB extends Shape
    ? CancelDims<Rest, RestB, LeftA>
    : CancelDims<Rest, B, [...LeftA, Head]>
  : [DropOnes<LeftA>, DropOnes<B>];

/** Without the dimensions 1 and the placeholder -1. */
export type DropOnes<L extends Dims, Result extends Shape = []> = L extends readonly [
  infer Head extends number,
  ...infer Rest extends Dims,
]
  ? Head extends 1 | -1
    ? DropOnes<Rest, Result>
    : DropOnes<Rest, [...Result, Head]>
  : Result;

/** Whether what is left after cancelling may have the same number of elements. */
export type SameCount<Left> = Left extends [infer A extends Shape, infer B extends Shape]
  ? number extends A[number] | B[number]
    ? true
    : number extends Product<A> | Product<B>
      ? true
      : Product<A> extends Product<B>
        ? true
        : false
  : true;

/** What -1 stands for: exact where the target's literals cancel, `number` otherwise. */
export type InferredDim<S extends Shape, T extends Dims> = number extends S['length'] | S[number]
  ? number
  : CancelDims<S, T> extends [infer Left extends Shape, []]
    ? Product<Left>
    : number;

export type ReplaceInferred<T extends Dims, X extends number, Result extends Shape = []> = T extends readonly [
  infer Head extends number,
  ...infer Rest extends Dims,
]
  ? ReplaceInferred<Rest, X, [...Result, Identical<Head, -1> extends true ? X : Head]>
  : Result;

/** The shape that `reshape` gives. */
export type Reshaped<S extends Shape, T extends Dims> = number extends T['length']
  ? number[]
  : -1 extends T[number]
    ? ReplaceInferred<T, InferredDim<S, T>>
    : [...T];

export type ReshapeError<
  S extends Shape,
  T extends Dims,
> = `reshape: ${Show<S>} has a different number of elements than ${Show<T>}`;

/** `T` itself, or the text for a target with a different number of elements. What is not literal is left to run time. */
export type ReshapeArgument<S extends Shape, T extends Dims> = number extends S['length'] | T['length']
  ? readonly [...T]
  : -1 extends T[number]
    ? readonly [...T]
    : SameCount<CancelDims<S, T>> extends false
      ? ReshapeError<S, T>
      : readonly [...T];
