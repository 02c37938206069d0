import type { FloatDType } from '../dtype.js';
import { GradsmithError } from '../errors.js';
import { layerNorm, ones, zeros } from '../ops/index.js';
import { parameter } from '../runtime/parameter.js';
import { type Shape, show } from '../shape.js';
import type { AnyTensor, Parameter, Tensor } from '../tensor.js';
import type { FeatureLayer, FeaturesInput, FeaturesOutput } from '../types/index.js';
import { Module } from './module.js';

export interface NormOptions<D extends FloatDType = 'float32'> {
  /** Added to the variance. Default 1e-5. */
  eps?: number;
  dtype?: D;
}

/**
 * Layer normalisation over the last dimension, then scaled by `weight` and shifted by `bias`, both `[features]`, which start at 1 and 0;
 * names and meaning are PyTorch's. See `layerNorm`.
 * @throws ERR_VALUE where `features` is no whole number >= 1; `forward`: ERR_SHAPE `LayerNorm: expected 3 features, got [2, 4]`.
 * @example new LayerNorm(3).forward(zeros([5, 3])).shape // [5, 3]
 */
export class LayerNorm<I extends number, D extends FloatDType = 'float32'>
  extends Module
  implements FeatureLayer<I, I>
{
  readonly inFeatures: I;
  readonly outFeatures: I;
  readonly eps: number;
  readonly weight: Parameter<[I], D>;
  readonly bias: Parameter<[I], D>;

  constructor(features: I, { eps = 1e-5, dtype }: NormOptions<D> = {}) {
    super();
    if (!Number.isInteger(features) || features < 1) {
      throw new GradsmithError('ERR_VALUE', `LayerNorm: expected a number of features >= 1, got ${features}`);
    }
    if (!(eps >= 0)) throw new GradsmithError('ERR_VALUE', `LayerNorm: expected eps >= 0, got ${eps}`);
    this.inFeatures = features;
    this.outFeatures = features;
    this.eps = eps;
    const options = { dtype: (dtype ?? 'float32') as D };
    this.weight = parameter(ones<[I], D>([features], options));
    this.bias = parameter(zeros<[I], D>([features], options));
  }

  override forward<S extends Shape>(x: FeaturesInput<'LayerNorm', S, I, D>): Tensor<FeaturesOutput<S, I>, D> {
    const input = x as AnyTensor;
    if (input.shape.at(-1) !== this.inFeatures) {
      throw new GradsmithError(
        'ERR_SHAPE',
        `LayerNorm: expected ${this.inFeatures} features, got ${show(input.shape)}`,
      );
    }
    const { eps } = this;
    return layerNorm(
      input as Tensor<[number], D>,
      this.weight as Tensor<[number], D>,
      this.bias as Tensor<[number], D>,
      {
        eps,
      },
    ) as unknown as Tensor<FeaturesOutput<S, I>, D>;
  }
}
