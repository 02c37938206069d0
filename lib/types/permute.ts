import type { Shape } from '../shape.js';
import type { AxisKey } from './axis.js';
import type { Dims } from './resolved.js';
import type { Show } from './show.js';

/** A shape read from the back. */
export type Reversed<S extends Shape, Result extends Shape = []> = number extends S['length']
  ? number[]
  : S extends [infer Head extends number, ...infer Rest extends Shape]
    ? Reversed<Rest, [Head, ...Result]>
    : Result;

/** The dimensions in the order of the axes `P`. */
export type Permuted<S extends Shape, P extends Dims> = number extends S['length'] | P['length'] | P[number]
  ? number[]
  : PermuteDims<S, P>;

export type PermuteDims<S extends Shape, P extends Dims, Result extends Shape = []> = P extends readonly [
  infer Ax extends number,
  ...infer Rest extends Dims,
]
  ? PermuteDims<S, Rest, [...Result, S[AxisKey<S, Ax> & keyof S] & number]>
  : Result;

/** The keys that a list of axes names, as a union. */
export type PermutedKeys<S extends Shape, P extends Dims> = P extends readonly [
  infer Ax extends number,
  ...infer Rest extends Dims,
]
  ? AxisKey<S, Ax> | PermutedKeys<S, Rest>
  : never;

/** `P` itself, or the text for axes that are not a permutation of the shape's. */
export type PermutationArgument<S extends Shape, P extends Dims> = number extends S['length'] | P['length'] | P[number]
  ? readonly [...P]
  : P['length'] extends S['length']
    ? [Extract<keyof S, `${number}`>] extends [PermutedKeys<S, P>]
      ? readonly [...P]
      : PermutationError<S, P>
    : PermutationError<S, P>;

export type PermutationError<
  S extends Shape,
  P extends Dims,
> = `transpose: ${Show<P>} is not a permutation of the axes of ${Show<S>}`;
