// How weights start. A weight's shape is [out, in, …kernel], as PyTorch lays it out: fan-in is in · kernel, fan-out is out · kernel.
// Sources: He et al. 2015 (arXiv:1502.01852), Glorot & Bengio 2010; the names in brackets are PyTorch's.

import type { FloatDType } from '../dtype.js';
import { GradsmithError } from '../errors.js';
import * as ops from '../ops/index.js';
import { type Shape, show } from '../shape.js';
import type { Tensor } from '../tensor.js';

/** What every rule takes: a dtype, and a seed of its own instead of the generator of `manualSeed`. */
export interface InitOptions<D extends FloatDType = 'float32'> {
  dtype?: D;
  seed?: number;
}

/** A rule as a layer calls it. */
export type Initializer = <const S extends Shape, D extends FloatDType = 'float32'>(
  shape: readonly [...S],
  options?: InitOptions<D>,
) => Tensor<S, D>;

export type Nonlinearity = 'linear' | 'sigmoid' | 'tanh' | 'relu' | 'selu' | 'leakyRelu';

/** How much wider weights must be before this activation for signals to keep their variance [calculate_gain]. */
export function gainOf(nonlinearity: Nonlinearity, slope = 0.01): number {
  switch (nonlinearity) {
    case 'linear':
    case 'sigmoid':
      return 1;
    case 'tanh':
      return 5 / 3;
    case 'relu':
      return Math.SQRT2;
    case 'leakyRelu':
      return Math.sqrt(2 / (1 + slope * slope));
    case 'selu':
      return 3 / 4;
  }
}

/** Uniform in [low, high). */
export function uniform<const S extends Shape, D extends FloatDType = 'float32'>(
  shape: readonly [...S],
  { low = 0, high = 1, ...options }: InitOptions<D> & { low?: number; high?: number } = {},
): Tensor<S, D> {
  if (!(low <= high)) throw new GradsmithError('ERR_VALUE', `uniform: expected low <= high, got ${low} and ${high}`);
  const unit = ops.rand<S, D>(shape, options);
  return ops.add(ops.mul(unit, high - low), low) as Tensor<S, D>;
}

/** Normal with this mean and standard deviation. */
export function normal<const S extends Shape, D extends FloatDType = 'float32'>(
  shape: readonly [...S],
  { mean = 0, std = 1, ...options }: InitOptions<D> & { mean?: number; std?: number } = {},
): Tensor<S, D> {
  if (!(std >= 0)) throw new GradsmithError('ERR_VALUE', `normal: expected std >= 0, got ${std}`);
  const unit = ops.randn<S, D>(shape, options);
  return ops.add(ops.mul(unit, std), mean) as Tensor<S, D>;
}

export function zeros<const S extends Shape, D extends FloatDType = 'float32'>(
  shape: readonly [...S],
  { dtype }: InitOptions<D> = {},
): Tensor<S, D> {
  return ops.zeros<S, D>(shape, dtype === undefined ? {} : { dtype });
}

export function ones<const S extends Shape, D extends FloatDType = 'float32'>(
  shape: readonly [...S],
  { dtype }: InitOptions<D> = {},
): Tensor<S, D> {
  return ops.ones<S, D>(shape, dtype === undefined ? {} : { dtype });
}

export interface HeOptions<D extends FloatDType = 'float32'> extends InitOptions<D> {
  /** Keep the variance of signals ('fanIn') or of gradients ('fanOut'). */
  mode?: 'fanIn' | 'fanOut';
  /** Default: the gain of ReLU. */
  gain?: number;
}

/** Uniform in ±gain·√(3 / fan) [kaiming_uniform_]. */
export function heUniform<const S extends Shape, D extends FloatDType = 'float32'>(
  shape: readonly [...S],
  { mode = 'fanIn', gain = Math.SQRT2, ...options }: HeOptions<D> = {},
): Tensor<S, D> {
  const bound = gain * Math.sqrt(3 / fans('heUniform', shape)[mode]);
  return uniform<S, D>(shape, { low: -bound, high: bound, ...options });
}

/** Normal with standard deviation gain / √fan [kaiming_normal_]. */
export function heNormal<const S extends Shape, D extends FloatDType = 'float32'>(
  shape: readonly [...S],
  { mode = 'fanIn', gain = Math.SQRT2, ...options }: HeOptions<D> = {},
): Tensor<S, D> {
  return normal<S, D>(shape, { std: gain / Math.sqrt(fans('heNormal', shape)[mode]), ...options });
}

export interface XavierOptions<D extends FloatDType = 'float32'> extends InitOptions<D> {
  gain?: number;
}

/** Uniform in ±gain·√(6 / (fan-in + fan-out)) [xavier_uniform_]. */
export function xavierUniform<const S extends Shape, D extends FloatDType = 'float32'>(
  shape: readonly [...S],
  { gain = 1, ...options }: XavierOptions<D> = {},
): Tensor<S, D> {
  const { fanIn, fanOut } = fans('xavierUniform', shape);
  const bound = gain * Math.sqrt(6 / (fanIn + fanOut));
  return uniform<S, D>(shape, { low: -bound, high: bound, ...options });
}

/** Normal with standard deviation gain·√(2 / (fan-in + fan-out)) [xavier_normal_]. */
export function xavierNormal<const S extends Shape, D extends FloatDType = 'float32'>(
  shape: readonly [...S],
  { gain = 1, ...options }: XavierOptions<D> = {},
): Tensor<S, D> {
  const { fanIn, fanOut } = fans('xavierNormal', shape);
  return normal<S, D>(shape, { std: gain * Math.sqrt(2 / (fanIn + fanOut)), ...options });
}

/** What PyTorch's layers start from: uniform in ±1 / √fan-in. */
export function torchDefault<const S extends Shape, D extends FloatDType = 'float32'>(
  shape: readonly [...S],
  options: InitOptions<D> = {},
): Tensor<S, D> {
  const bound = 1 / Math.sqrt(fans('torchDefault', shape).fanIn);
  return uniform<S, D>(shape, { low: -bound, high: bound, ...options });
}

function fans(rule: string, shape: readonly number[]): { fanIn: number; fanOut: number } {
  if (shape.length < 2) {
    throw new GradsmithError('ERR_SHAPE', `${rule}: expected a weight of at least 2 dimensions, got ${show(shape)}`);
  }
  const kernel = shape.slice(2).reduce((a, b) => a * b, 1);
  return { fanIn: shape[1]! * kernel, fanOut: shape[0]! * kernel };
}
