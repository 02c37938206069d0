import type { FloatDType } from '../dtype.js';
import { gelu, relu, sigmoid, tanh } from '../ops/index.js';
import type { Shape } from '../shape.js';
import type { Tensor } from '../tensor.js';
import { Module } from './module.js';

/** max(0, x), elementwise. */
export class ReLU extends Module {
  override forward<S extends Shape, D extends FloatDType>(x: Tensor<S, D>): Tensor<S, D> {
    return relu(x);
  }
}

/** x · Φ(x), elementwise, with Φ the distribution function of the standard normal. */
export class GELU extends Module {
  override forward<S extends Shape, D extends FloatDType>(x: Tensor<S, D>): Tensor<S, D> {
    return gelu(x);
  }
}

/** 1 / (1 + e^-x), elementwise. */
export class Sigmoid extends Module {
  override forward<S extends Shape, D extends FloatDType>(x: Tensor<S, D>): Tensor<S, D> {
    return sigmoid(x);
  }
}

/** The hyperbolic tangent, elementwise. */
export class Tanh extends Module {
  override forward<S extends Shape, D extends FloatDType>(x: Tensor<S, D>): Tensor<S, D> {
    return tanh(x);
  }
}
