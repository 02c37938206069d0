import type { Shape } from '../shape.js';
import type { Axes, AxisArgument, AxisKey, AxisUnion } from './axis.js';

/** Options of a reduction. All axes by default; `keepDims` leaves a dimension of 1 where one was reduced. */
export interface ReduceOptions<Op extends string, S extends Shape, Ax extends Axes, Keep extends boolean> {
  axis?: AxisArgument<Op, S, Ax>;
  keepDims?: Keep;
}

/** The shape after reducing the given axes (`never`: all). Unknown where an axis or `keepDims` is not literal. */
export type Reduced<S extends Shape, Ax extends Axes, Keep extends boolean> = boolean extends Keep
  ? number[]
  : [Ax] extends [never]
    ? Keep extends true
      ? { [I in keyof S]: 1 }
      : []
    : number extends S['length'] | AxisUnion<Ax>
      ? number[]
      : ReduceDims<S, AxisKey<S, AxisUnion<Ax>>, Keep>;

export type ReduceDims<
  S extends Shape,
  Key extends string,
  Keep extends boolean,
  Done extends 0[] = [],
  Result extends Shape = [],
> = S extends [infer Head extends number, ...infer Rest extends Shape]
  ? `${Done['length']}` extends Key
    ? ReduceDims<Rest, Key, Keep, [...Done, 0], Keep extends true ? [...Result, 1] : Result>
    : ReduceDims<Rest, Key, Keep, [...Done, 0], [...Result, Head]>
  : Result;
