import type { FloatDType } from '../dtype.js';
import { GradsmithError } from '../errors.js';
import { apply, checkOperand, op } from '../graph/op.js';
import { type Shape, show } from '../shape.js';
import type { AnyTensor, Tensor } from '../tensor.js';
import type { FeatureVector } from '../types/index.js';
import { Reciprocal } from './arithmetic.js';
import { float, numberNode, sameType } from './build.js';
import * as n from './nodes.js';

/** √(variance + eps) of each row, [..., 1]. */
function deviationOf(x: AnyTensor, eps: AnyTensor): AnyTensor {
  // Centred first: the mean of squares less the square of the mean would lose all digits of rows far from 0.
  return n.sqrt(n.add(n.meanLast(n.square(n.sub(x, n.meanLast(x)))), eps));
}

/**
 * Rows with mean 0 and variance 1: `(x - mean) / √(variance + eps)`. Inputs: x, eps (one element).
 * The rule by hand takes both sums of a row in one pass; the composition's would take one after the other, since it does not know that
 * deviations from a mean add up to 0.
 */
export const Standardize = op({
  name: 'standardize',
  shape: ([x]) => x!.extent,
  dtype: (inputs) => sameType('standardize', inputs, float),
  composed: ([x, eps]) => n.mul(n.sub(x!, n.meanLast(x!)), apply(Reciprocal, [deviationOf(x!, eps!)])),
  gradient: ([x, eps], y, dy) => {
    const scale = apply(Reciprocal, [deviationOf(x!, eps!)]);
    const along = n.meanLast(n.mul(dy, y));
    const dx = n.mul(n.sub(n.sub(dy, n.meanLast(dy)), n.mul(y, along)), scale);
    if (!eps!.needsGrad) return [dx, null];
    const rows = n.mul(n.mul(along, n.square(scale)), -0.5 * x!.extent.dims.at(-1)!);
    return [dx, n.sumTo(rows, eps!.extent)];
  },
  samples: {
    cases: [
      [[3, 7], []],
      [[2, 3, 5], []],
      [[19, 131], []],
      [[9], []],
      [[0, 3], []],
    ].map((shapes) => ({ inputs: shapes.map((shape) => ({ shape })) })),
    domain: [
      [-2, 2],
      [0.25, 1],
    ],
    extreme: [-1000, 1000],
    relative: 2 ** -21,
  },
});

/** Inputs: x, eps (one element), gamma and beta if there are any (as long as x's rows). */
export const LayerNorm = op({
  name: 'layerNorm',
  shape: ([x]) => x!.extent,
  dtype: (inputs) => sameType('layerNorm', inputs, float),
  composed: ([x, eps, gamma, beta]) => {
    const unit = apply(Standardize, [x!, eps!]);
    const scaled = gamma === undefined ? unit : n.mul(unit, gamma);
    return beta === undefined ? scaled : n.add(scaled, beta);
  },
  samples: {
    cases: [
      [[3, 7], []],
      [[4, 10], [], [10], [10]],
      [[2, 3, 5], [], [5]],
      [[19, 131], [], [131], [131]],
      [[9], [], [9], [9]],
      [[0, 3], [], [3], [3]],
    ].map((shapes) => ({ inputs: shapes.map((shape) => ({ shape })) })),
    domain: [
      [-2, 2],
      [0.25, 1],
      [0.5, 2],
      [-1, 1],
    ],
    extreme: [-1000, 1000],
    relative: 2 ** -21,
  },
});

export interface LayerNormOptions {
  /** Added to the variance, so that a row of equal elements is not divided by 0. Default 1e-5. */
  eps?: number;
}

/**
 * Layer normalisation over the last dimension: `(x - mean) / √(variance + eps) · gamma + beta` for each row of x `[…, features]`, where
 * mean and (biased) variance are the row's; gamma and beta `[features]` may be left out.
 * @throws ERR_SHAPE `layerNorm: gamma [3] does not fit [2, 4]: expected [4]`
 * @example await layerNorm(tensor([[1, 3]]), tensor([2, 2]), tensor([0, 1]), { eps: 0 }).array() // [[-2, 3]]
 */
export function layerNorm<S extends Shape, D extends FloatDType, G extends Shape = S, B extends Shape = S>(
  x: Tensor<S, D>,
  gamma?: FeatureVector<'layerNorm: gamma', S, G, NoInfer<D>> | null,
  beta?: FeatureVector<'layerNorm: beta', S, B, NoInfer<D>> | null,
  { eps = 1e-5 }: LayerNormOptions = {},
): Tensor<S, D> {
  checkOperand('layerNorm', x, 0);
  if (x.rank === 0) throw new GradsmithError('ERR_SHAPE', 'layerNorm: x must have at least 1 dimension');
  const vectors = [checkVector('gamma', x, gamma), checkVector('beta', x, beta)] as const;
  const [scale, shift] = vectors;
  const inputs = [x as AnyTensor, numberNode('layerNorm', eps, x.type)];
  if (scale !== null) inputs.push(scale);
  if (scale !== null && shift !== null) inputs.push(shift);
  const y = apply(LayerNorm, inputs);
  return (scale === null && shift !== null ? n.add(y, shift) : y) as Tensor<S, D>;
}

function checkVector(name: string, x: AnyTensor, vector: unknown): AnyTensor | null {
  if (vector === undefined || vector === null) return null;
  checkOperand(`layerNorm: ${name}`, vector);
  const { dims } = (vector as AnyTensor).extent;
  const expected = [x.extent.dims.at(-1)!];
  if (dims.length !== 1 || dims[0] !== expected[0]) {
    throw new GradsmithError(
      'ERR_SHAPE',
      `layerNorm: ${name} ${show(dims)} does not fit ${show(x.extent.dims)}: expected ${show(expected)}`,
    );
  }
  return vector as AnyTensor;
}
