import type { Shape } from '../shape.js';
import type { BroadcastDim, CompatibleDim, DimPair, SameDim } from './dim.js';
import type { Show } from './show.js';

/** Broadcasts two shapes of known rank from the last dimension on; `'no'` where they do not fit. */
export type BroadcastDims<A extends Shape, B extends Shape, Result extends Shape = []> = A extends [
  ...infer RestA extends Shape,
  infer X extends number,
]
  ? B extends [...infer RestB extends Shape, infer Y extends number]
    ? CompatibleDim<X, Y> extends true
      ? BroadcastDims<RestA, RestB, [BroadcastDim<X, Y>, ...Result]>
      : 'no'
    : [...A, ...Result]
  : [...B, ...Result];

/**
 * Whether two shapes broadcast; an unknown rank is left to run time. Equal shapes and a scalar come first, decided on a
 * pair, so that a helper generic over the whole shape compiles.
 */
export type Broadcastable<A extends Shape, B extends Shape> =
  DimPair<A, B> extends { y: [] } | { x: B; toX: (value: B) => void }
    ? true
    : number extends A['length'] | B['length']
      ? true
      : BroadcastDims<A, B> extends string
        ? false
        : true;

/** The shape of an elementwise op over two shapes, as NumPy broadcasts; unknown where they do not fit. */
export type Broadcast<A extends Shape, B extends Shape> =
  DimPair<A, B> extends { y: [] } | { x: B; toX: (value: B) => void }
    ? A
    : number extends A['length'] | B['length']
      ? number[]
      : BroadcastDims<A, B> extends infer R extends Shape
        ? R
        : number[];

/** The text for two shapes that do not broadcast. */
export type BroadcastError<
  Op extends string,
  A extends Shape,
  B extends Shape,
> = `${Op}: shapes do not broadcast: ${Show<A>} and ${Show<B>}`;

/** Whether shape `A` can be broadcast to exactly `B`. */
export type BroadcastsTo<A extends Shape, B extends Shape> = number extends A['length'] | B['length']
  ? true
  : BroadcastDims<A, B> extends infer R extends Shape
    ? SameDims<R, B>
    : false;

/** `T` itself, or the text for a target that `S` does not broadcast to. */
export type BroadcastToArgument<S extends Shape, T extends readonly number[]> = number extends T['length']
  ? readonly [...T]
  : BroadcastsTo<S, [...T]> extends true
    ? readonly [...T]
    : `broadcastTo: ${Show<S>} does not broadcast to ${Show<T>}`;

/** Whether two shapes of known rank can be equal. */
export type SameDims<A extends Shape, B extends Shape> = A extends [
  infer X extends number,
  ...infer RestA extends Shape,
]
  ? B extends [infer Y extends number, ...infer RestB extends Shape]
    ? SameDim<X, Y> extends true
      ? SameDims<RestA, RestB>
      : false
    : false
  : B extends []
    ? true
    : false;
