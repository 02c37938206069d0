import type { Shape } from '../shape.js';
import type { Show } from './show.js';

/** One axis or several, counted from the front or, when negative, from the back. */
export type Axes = number | readonly number[];

/** The axes as a union of their literals. */
export type AxisUnion<Ax extends Axes> = Ax extends readonly number[] ? Ax[number] : Ax;

/** The text for an axis that a shape does not have. */
export type AxisError<
  Op extends string,
  S extends Shape,
  Ax extends number,
> = `${Op}: axis ${Ax} is out of range for ${Show<S>}`;

/** An axis as the key of its dimension, `'1'` for -1 of a matrix; `never` when out of range. A union gives a union. */
export type AxisKey<S extends Shape, Ax extends number> = Ax extends number
  ? `${Ax}` extends `-${infer FromBack}`
    ? AxisFromBack<S, FromBack>
    : Extract<`${Ax}`, keyof S>
  : never;

export type AxisFromBack<S extends Shape, FromBack extends string, Count extends 0[] = [0]> = S extends [
  ...infer Rest extends Shape,
  number,
]
  ? `${Count['length']}` extends FromBack
    ? `${Rest['length']}`
    : AxisFromBack<Rest, FromBack, [...Count, 0]>
  : never;

/** Those of the axes that are out of range. */
export type BadAxis<S extends Shape, Ax extends number> = Ax extends number
  ? [AxisKey<S, Ax>] extends [never]
    ? Ax
    : never
  : never;

/** `Ax` itself, or the text for an axis out of range. What is not literal is left to run time. */
export type AxisArgument<Op extends string, S extends Shape, Ax extends Axes> = number extends
  | S['length']
  | AxisUnion<Ax>
  ? Ax
  : [BadAxis<S, AxisUnion<Ax>>] extends [never]
    ? Ax
    : AxisError<Op, S, BadAxis<S, AxisUnion<Ax>>>;
