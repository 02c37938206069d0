import type { BroadcastDim, CompatibleDim } from './dim.js';
import type { Shape } from '../shape.js';
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

/** Whether two shapes broadcast; an unknown rank is left to run time. */
export type Broadcastable<A extends Shape, B extends Shape> = number extends A['length'] | B['length']
  ? true
  : BroadcastDims<A, B> extends Shape
    ? true
    : false;

/** The shape of an elementwise op over two shapes, as NumPy broadcasts; unknown where they do not fit. */
export type Broadcast<A extends Shape, B extends Shape> = B extends []
  ? A
  : number extends A['length'] | B['length']
    ? number[]
    : BroadcastDims<A, B> extends infer R extends Shape
      ? R
      : number[];

/** The text for two shapes that do not broadcast. */
export type BroadcastError<Op extends string, A extends Shape, B extends Shape> =
  `${Op}: shapes do not broadcast: ${Show<A>} and ${Show<B>}`;

/** Whether shape `A` can be broadcast to exactly `B`. */
export type BroadcastsTo<A extends Shape, B extends Shape> = number extends A['length'] | B['length']
  ? true
  : BroadcastDims<A, B> extends infer R extends Shape
    ? R['length'] extends B['length']
      ? FitsDims<R, B>
      : false
    : false;

/** Whether broadcasting left the target as it was: no dimension of 1 was stretched by the source. */
export type FitsDims<R extends Shape, B extends Shape> = [R, B] extends [
  [infer X extends number, ...infer RestR extends Shape],
  [infer Y extends number, ...infer RestB extends Shape],
]
  ? [Y] extends [1]
    ? [number] extends [X]
      ? FitsDims<RestR, RestB>
      : [X] extends [1]
        ? FitsDims<RestR, RestB>
        : false
    : FitsDims<RestR, RestB>
  : true;
