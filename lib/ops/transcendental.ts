import type { FloatDType } from '../dtype.js';
import { op } from '../graph/op.js';
import type { Shape } from '../shape.js';
import type { Tensor } from '../tensor.js';
import { build, elementwise, float } from './build.js';
import * as n from './nodes.js';

export const Exp = op({
  ...elementwise('exp', float),
  gradient: (_inputs, y, dy) => [n.mul(dy, y)],
  samples: { domain: [-8, 8], ulp: 3 },
});

/**
 * Elementwise exponential.
 * @example await exp(tensor([0, 1])).data() // Float32Array [1, 2.7182817]
 */
export function exp<S extends Shape, D extends FloatDType>(x: Tensor<S, D>): Tensor<S, D> {
  return build(Exp, [x]);
}

export const Log = op({
  ...elementwise('log', float),
  gradient: ([x], _y, dy) => [n.div(dy, x!)],
  samples: { domain: [0.1, 8], ulp: 3 },
});

/**
 * Elementwise natural logarithm: -Infinity at 0, NaN below.
 * @example await log(tensor([1, 2])).data() // Float32Array [0, 0.6931472]
 */
export function log<S extends Shape, D extends FloatDType>(x: Tensor<S, D>): Tensor<S, D> {
  return build(Log, [x]);
}

export const Sqrt = op({
  ...elementwise('sqrt', float),
  gradient: (_inputs, y, dy) => [n.div(n.mul(dy, 0.5), y)],
  samples: { domain: [0.1, 8] },
});

/**
 * Elementwise square root: NaN below 0. Its gradient at 0 is infinite.
 * @example await sqrt(tensor([4, 2])).data() // Float32Array [2, 1.4142135]
 */
export function sqrt<S extends Shape, D extends FloatDType>(x: Tensor<S, D>): Tensor<S, D> {
  return build(Sqrt, [x]);
}

export const Erf = op({
  ...elementwise('erf', float),
  gradient: ([x], _y, dy) => [n.mul(dy, n.mul(n.exp(n.neg(n.square(x!))), 2 / Math.sqrt(Math.PI)))],
  samples: { domain: [-3, 3], extreme: [-1000, 1000], ulp: 4 },
});

/**
 * Elementwise error function `2/√π ∫₀ˣ e^(-t²) dt`.
 * @example await erf(tensor([0, 1])).data() // Float32Array [0, 0.8427008]
 */
export function erf<S extends Shape, D extends FloatDType>(x: Tensor<S, D>): Tensor<S, D> {
  return build(Erf, [x]);
}

export const Sin = op({
  ...elementwise('sin', float),
  gradient: ([x], _y, dy) => [n.mul(dy, n.cos(x!))],
  samples: { domain: [-8, 8], ulp: 4 },
});

/**
 * Elementwise sine, in radians.
 * @example await sin(tensor([0, 1])).data() // Float32Array [0, 0.84147096]
 */
export function sin<S extends Shape, D extends FloatDType>(x: Tensor<S, D>): Tensor<S, D> {
  return build(Sin, [x]);
}

export const Cos = op({
  ...elementwise('cos', float),
  gradient: ([x], _y, dy) => [n.neg(n.mul(dy, n.sin(x!)))],
  samples: { domain: [-8, 8], ulp: 4 },
});

/**
 * Elementwise cosine, in radians.
 * @example await cos(tensor([0, 1])).data() // Float32Array [1, 0.5403023]
 */
export function cos<S extends Shape, D extends FloatDType>(x: Tensor<S, D>): Tensor<S, D> {
  return build(Cos, [x]);
}
