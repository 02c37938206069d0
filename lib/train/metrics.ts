import { argmax, cast, equal, mean } from '../ops/index.js';
import type { Shape } from '../shape.js';
import type { Tensor } from '../tensor.js';
import type { NumericDType } from '../types/index.js';

/**
 * Share of rows whose largest output is the label's: a metric for classifiers.
 * @param output `[…, classes]` @param labels `[…]`, int32
 */
export function accuracy(output: Tensor<Shape, NumericDType>, labels: Tensor<Shape, 'int32'>): Tensor<[]> {
  const hits = equal(argmax(output, { axis: -1 }) as Tensor<Shape, 'int32'>, labels);
  return mean(cast(hits, 'float32')) as Tensor<[]>;
}
