import type { Shape } from '../shape.js';
import type { AxisArgument, AxisKey } from './axis.js';
import type { Product } from './product.js';
import type { Show } from './show.js';

/** `S` with a dimension of 1 put in at `Ax`, which may be one past the end. */
export type Expanded<S extends Shape, Ax extends number> = number extends S['length'] | Ax
  ? number[]
  : InsertOne<S, AxisKey<[...S, 1], Ax>>;

export type InsertOne<S extends Shape, Key extends string, Done extends Shape = []> = `${Done['length']}` extends Key
  ? [...Done, 1, ...S]
  : S extends [infer Head extends number, ...infer Rest extends Shape]
    ? InsertOne<Rest, Key, [...Done, Head]>
    : number[];

/** `Ax`, or the text for a place that `expandDims` cannot put a dimension. */
export type ExpandArgument<S extends Shape, Ax extends number> = number extends S['length'] | Ax
  ? Ax
  : [AxisKey<[...S, 1], Ax>] extends [never]
    ? `expandDims: axis ${Ax} is out of range for ${Show<S>}`
    : Ax;

/** `S` without dimension `Ax`. */
export type Squeezed<S extends Shape, Ax extends number> = number extends S['length'] | Ax
  ? number[]
  : OmitDim<S, AxisKey<S, Ax>>;

export type OmitDim<S extends Shape, Key extends string, Done extends Shape = []> = S extends [
  infer Head extends number,
  ...infer Rest extends Shape,
]
  ? `${Done['length']}` extends Key
    ? [...Done, ...Rest]
    : OmitDim<Rest, Key, [...Done, Head]>
  : number[];

/** `Ax`, or the text for an axis that is out of range or not of size 1. */
export type SqueezeArgument<S extends Shape, Ax extends number> = number extends S['length'] | Ax
  ? Ax
  : AxisArgument<'squeeze', S, Ax> extends infer E extends string
    ? E
    : SqueezeDim<S, Ax, S[AxisKey<S, Ax> & keyof S] & number>;

export type SqueezeDim<S extends Shape, Ax extends number, X extends number> = number extends X
  ? Ax
  : X extends 1
    ? Ax
    : `squeeze: axis ${Ax} of ${Show<S>} is ${X}, not 1`;

/** `S` with the dimensions from `Start` on joined into one. */
export type Flattened<S extends Shape, Start extends number> = number extends S['length'] | Start
  ? number[]
  : S extends []
    ? [1]
    : FlattenFrom<S, AxisKey<S, Start>>;

export type FlattenFrom<S extends Shape, Key extends string, Done extends Shape = []> = `${Done['length']}` extends Key
  ? [...Done, Product<S>]
  : S extends [infer Head extends number, ...infer Rest extends Shape]
    ? FlattenFrom<Rest, Key, [...Done, Head]>
    : number[];

/** `Start`, or the text for an axis out of range. A scalar has an axis 0 here. */
export type FlattenArgument<S extends Shape, Start extends number> = S extends []
  ? Start
  : AxisArgument<'flatten', S, Start>;
