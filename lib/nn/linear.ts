import type { FloatDType } from '../dtype.js';
import { GradsmithError } from '../errors.js';
import { matmul, transpose } from '../ops/index.js';
import * as n from '../ops/nodes.js';
import { parameter } from '../runtime/parameter.js';
import { type Shape, show } from '../shape.js';
import type { AnyTensor, Parameter, Tensor } from '../tensor.js';
import type { FeatureLayer, FeaturesInput, FeaturesOutput } from '../types/index.js';
import { type Initializer, torchDefault, uniform } from './init.js';
import { Module } from './module.js';

export interface LinearOptions<D extends FloatDType = 'float32'> {
  /** With a bias? Default true. */
  bias?: boolean;
  dtype?: D;
  /** How the weight starts. Default: as in PyTorch, uniform in ±1 / √inFeatures. */
  weightInit?: Initializer;
  /** How the bias starts. Default: the same interval. */
  biasInit?: Initializer;
}

/**
 * A fully connected layer: y = x·Wᵀ + b over the last dimension, with W `[outFeatures, inFeatures]` and b `[outFeatures]` as PyTorch
 * lays them out.
 * @example new Linear(3, 2).forward(zeros([5, 3])).shape // [5, 2]
 */
export class Linear<I extends number, O extends number, D extends FloatDType = 'float32'>
  extends Module
  implements FeatureLayer<I, O>
{
  readonly inFeatures: I;
  readonly outFeatures: O;
  readonly weight: Parameter<[O, I], D>;
  readonly bias: Parameter<[O], D> | null;

  constructor(inFeatures: I, outFeatures: O, options: LinearOptions<D> = {}) {
    super();
    const { bias = true, weightInit = torchDefault, biasInit } = options;
    for (const n of [inFeatures, outFeatures]) {
      if (!Number.isInteger(n) || n < 1) {
        throw new GradsmithError(
          'ERR_VALUE',
          `Linear: expected numbers of features >= 1, got ${inFeatures} and ${outFeatures}`,
        );
      }
    }
    const dtype = (options.dtype ?? 'float32') as D;
    this.inFeatures = inFeatures;
    this.outFeatures = outFeatures;
    this.weight = parameter(weightInit<[O, I], D>([outFeatures, inFeatures], { dtype }));
    const bound = 1 / Math.sqrt(inFeatures);
    const start = biasInit ?? ((shape, o) => uniform(shape, { low: -bound, high: bound, ...o }));
    this.bias = bias ? parameter((start as Initializer)<[O], D>([outFeatures], { dtype })) : null;
  }

  override forward<S extends Shape>(x: FeaturesInput<'Linear', S, I, D>): Tensor<FeaturesOutput<S, O>, D> {
    const input = x as AnyTensor;
    if (input.shape.at(-1) !== this.inFeatures) {
      throw new GradsmithError('ERR_SHAPE', `Linear: expected ${this.inFeatures} features, got ${show(input.shape)}`);
    }
    const product = matmul(input as Tensor<Shape, D>, transpose(this.weight));
    return (this.bias === null ? product : n.add(product, this.bias)) as unknown as Tensor<FeaturesOutput<S, O>, D>;
  }
}
