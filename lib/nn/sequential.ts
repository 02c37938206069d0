import type { FloatDType } from '../dtype.js';
import { GradsmithError } from '../errors.js';
import type { Shape } from '../shape.js';
import type { AnyTensor, Tensor } from '../tensor.js';
import type {
  ChainArgument,
  ChainInput,
  ChainOutput,
  FeatureLayer,
  FeaturesInput,
  FeaturesOutput,
} from '../types/index.js';
import { Module } from './module.js';

/**
 * Layers one after the other; the parameters of layer i are named `i.weight`, `i.bias`. Layers that do not fit each other are a compile
 * error that names the first such layer.
 * @example new Sequential(new Linear(64, 32), new ReLU(), new Linear(32, 10)).forward(zeros([5, 64])).shape // [5, 10]
 */
export class Sequential<L extends readonly Module[]>
  extends Module
  implements FeatureLayer<ChainInput<L>, ChainOutput<L>>
{
  readonly layers: L;

  constructor(...layers: L & ChainArgument<'Sequential', L>) {
    super();
    for (const [i, layer] of layers.entries()) {
      if (!(layer instanceof Module)) throw new GradsmithError('ERR_VALUE', `Sequential: layer ${i} is not a Module`);
    }
    this.layers = layers;
  }

  override *children(): IterableIterator<[string, Module]> {
    for (const [i, layer] of this.layers.entries()) yield [String(i), layer];
  }

  get inFeatures(): ChainInput<L> {
    return (featuresOf(this.layers).at(0)?.inFeatures ?? Number.NaN) as ChainInput<L>;
  }

  get outFeatures(): ChainOutput<L> {
    return (featuresOf(this.layers).at(-1)?.outFeatures ?? Number.NaN) as ChainOutput<L>;
  }

  override forward<S extends Shape, D extends FloatDType>(
    x: FeaturesInput<'Sequential', S, ChainInput<L>, D>,
  ): Tensor<FeaturesOutput<S, ChainOutput<L>>, D> {
    let t = x as AnyTensor;
    for (const layer of this.layers) t = (layer as unknown as { forward(x: AnyTensor): AnyTensor }).forward(t);
    return t as unknown as Tensor<FeaturesOutput<S, ChainOutput<L>>, D>;
  }
}

function featuresOf(layers: readonly Module[]): FeatureLayer[] {
  return layers.filter((layer) => 'inFeatures' in layer) as unknown as FeatureLayer[];
}
