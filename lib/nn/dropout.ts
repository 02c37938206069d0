import type { FloatDType } from '../dtype.js';
import { GradsmithError } from '../errors.js';
import { dropout } from '../ops/index.js';
import type { Shape } from '../shape.js';
import type { Tensor } from '../tensor.js';
import { Module } from './module.js';

/**
 * While training, sets each element to 0 with probability `p` and scales the others by 1 / (1 - p), so that the expectation stays;
 * otherwise passes everything on. Draws from the generator of `manualSeed`.
 */
export class Dropout extends Module {
  /** Probability of a zero. */
  readonly p: number;

  constructor(p = 0.5) {
    super();
    if (!(p >= 0 && p < 1))
      throw new GradsmithError('ERR_VALUE', `Dropout: expected a probability in [0, 1), got ${p}`);
    this.p = p;
  }

  override forward<S extends Shape, D extends FloatDType>(x: Tensor<S, D>): Tensor<S, D> {
    return this.training && this.p > 0 ? dropout(x, { p: this.p }) : x;
  }
}
