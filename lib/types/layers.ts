import type { FloatDType } from '../dtype.js';
import type { Shape } from '../shape.js';
import type { Tensor } from '../tensor.js';
import type { SameDim } from './dim.js';
import type { Show, ShowDim } from './show.js';

/** What typing a chain of layers needs to know of a layer that maps the last dimension from `I` to `O` features. */
export interface FeatureLayer<I extends number = number, O extends number = number> {
  readonly inFeatures: I;
  readonly outFeatures: O;
}

/** The text for an input whose last dimension is not the layer's. */
export type FeaturesError<
  Op extends string,
  S extends Shape,
  I extends number,
> = `${Op}: expected ${ShowDim<I>} features, got ${Show<S>}`;

/** The input of a layer of `I` features, or the text of what is wrong with it. */
export type FeaturesInput<
  Op extends string,
  S extends Shape,
  I extends number,
  D extends FloatDType,
> = number extends S['length']
  ? Tensor<S, D>
  : S extends [...infer _Batch extends Shape, infer Last extends number]
    ? SameDim<Last, I> extends true
      ? Tensor<S, D>
      : FeaturesError<Op, S, I>
    : FeaturesError<Op, S, I>;

/** A vector as long as the last dimension of `S`, or the text of what is wrong with it. */
export type FeatureVector<
  Op extends string,
  S extends Shape,
  V extends Shape,
  D extends FloatDType,
> = number extends S['length']
  ? Tensor<V, D>
  : S extends [...infer _Batch extends Shape, infer Last extends number]
    ? V extends readonly [infer Own extends number]
      ? SameDim<Own, Last> extends true
        ? Tensor<V, D>
        : `${Op} ${Show<V>} does not fit ${Show<S>}: expected ${Show<[Last]>}`
      : number extends V['length']
        ? Tensor<V, D>
        : `${Op} ${Show<V>} does not fit ${Show<S>}: expected ${Show<[Last]>}`
    : Tensor<V, D>;

/** The shape that comes out: the last dimension replaced by `O`. */
export type FeaturesOutput<S extends Shape, O extends number> = number extends S['length']
  ? number[]
  : S extends [...infer Batch extends Shape, infer _Last extends number]
    ? [...Batch, O]
    : number[];

/**
 * The layers themselves, or the text naming the first one that does not take what the one before gives. A layer
 * without `inFeatures` (an activation, a dropout) passes features through.
 */
export type ChainArgument<
  Op extends string,
  L extends readonly unknown[],
  Rest extends readonly unknown[] = L,
  Features extends number = number,
  Count extends 0[] = [],
> = Rest extends readonly [infer Layer, ...infer Next extends readonly unknown[]]
  ? Layer extends FeatureLayer<infer I, infer O>
    ? SameDim<I, Features> extends true
      ? ChainArgument<Op, L, Next, O, [...Count, 0]>
      : `${Op}: layer ${Count['length']} takes ${ShowDim<I>} features but gets ${ShowDim<Features>}`
    : ChainArgument<Op, L, Next, Features, [...Count, 0]>
  : L;

/** The features a chain takes: those of its first layer that has them. */
export type ChainInput<L extends readonly unknown[]> = L extends readonly [infer Layer, ...infer Rest]
  ? Layer extends FeatureLayer<infer I, number>
    ? I
    : ChainInput<Rest>
  : number;

/** The features a chain gives: those of its last layer that has them. */
export type ChainOutput<L extends readonly unknown[]> = L extends readonly [...infer Rest, infer Layer]
  ? Layer extends FeatureLayer<number, infer O>
    ? O
    : ChainOutput<Rest>
  : number;
