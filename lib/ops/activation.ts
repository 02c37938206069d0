import type { FloatDType } from '../dtype.js';
import { apply, op } from '../graph/op.js';
import type { Shape } from '../shape.js';
import type { AnyTensor, Tensor } from '../tensor.js';
import type { NumericDType } from '../types/index.js';
import { build, elementwise, float, numeric } from './build.js';
import * as n from './nodes.js';
import { Erf } from './transcendental.js';

export const Sigmoid = op({
  ...elementwise('sigmoid', float),
  gradient: (_inputs, y, dy) => [n.mul(dy, n.mul(y, n.sub(1, y)))],
  equals: ([x]) => n.div(1, n.add(1, n.exp(n.neg(x!)))),
  samples: { domain: [-8, 8], extreme: [-1000, 1000], ulp: 3 },
});

/**
 * Logistic sigmoid, elementwise: `1 / (1 + e^-x)`, without overflow for any x.
 * @example await sigmoid(tensor([0, 2])).data() // Float32Array [0.5, 0.8807971]
 */
export function sigmoid<S extends Shape, D extends FloatDType>(x: Tensor<S, D>): Tensor<S, D> {
  return build(Sigmoid, [x]);
}

export const Tanh = op({
  ...elementwise('tanh', float),
  gradient: (_inputs, y, dy) => [n.mul(dy, n.sub(1, n.square(y)))],
  samples: { domain: [-8, 8], extreme: [-1000, 1000], ulp: 3 },
});

/**
 * Hyperbolic tangent, elementwise.
 * @example await tanh(tensor([0, 1])).data() // Float32Array [0, 0.7615942]
 */
export function tanh<S extends Shape, D extends FloatDType>(x: Tensor<S, D>): Tensor<S, D> {
  return build(Tanh, [x]);
}

export const Relu = op({
  ...elementwise('relu', numeric),
  // Asked of y, so that x need not outlive the forward pass.
  gradient: (_inputs, y, dy) => [n.where(n.greater(y, 0), dy, 0)],
  equals: ([x]) => n.maximum(x!, 0),
  samples: { extreme: [-1000, 1000], kinks: [0] },
});

/**
 * Rectifier, elementwise: `max(x, 0)`; NaN stays. Its gradient at 0 is 0.
 * @example await relu(tensor([1, -2])).data() // Float32Array [1, 0]
 */
export function relu<S extends Shape, D extends NumericDType>(x: Tensor<S, D>): Tensor<S, D> {
  return build(Relu, [x]);
}

export const GeluSlope = op({
  ...elementwise('geluSlope', float),
  gradient: ([x], _y, dy) => {
    const square = n.square(x!);
    const bell = n.mul(n.exp(n.mul(square, -0.5)), 1 / Math.sqrt(2 * Math.PI));
    return [n.mul(dy, n.mul(bell, n.sub(2, square)))];
  },
  equals: ([x]) => {
    const bell = n.mul(n.exp(n.mul(n.square(x!), -0.5)), 1 / Math.sqrt(2 * Math.PI));
    return n.add(belowNormal(x!), n.mul(x!, bell));
  },
  // Its terms cancel near -0.75; the bound is one of the larger term.
  samples: {
    domain: [
      [-3, -1.25],
      [0, 3],
    ],
    extreme: [-1000, 1000],
    ulp: 8,
  },
});

export const Gelu = op({
  ...elementwise('gelu', float),
  gradient: ([x], _y, dy) => [n.mul(dy, apply(GeluSlope, [x!]))],
  equals: ([x]) => n.mul(x!, belowNormal(x!)),
  samples: { domain: [-4, 4], extreme: [-1000, 1000], ulp: 4 },
});

/** The share of the standard normal distribution below x. */
function belowNormal(x: AnyTensor): AnyTensor {
  return n.mul(n.add(apply(Erf, [n.mul(x, Math.SQRT1_2)]), 1), 0.5);
}

/**
 * Gaussian error linear unit, elementwise: `x · Φ(x)`, with Φ the distribution function of the standard normal. The exact form, not the
 * approximation by tanh; exact also where x is far below 0.
 * @example await gelu(tensor([1, -1])).data() // Float32Array [0.8413447, -0.15865526]
 */
export function gelu<S extends Shape, D extends FloatDType>(x: Tensor<S, D>): Tensor<S, D> {
  return build(Gelu, [x]);
}
