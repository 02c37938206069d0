import { argmax, cast, equal, mean } from '../ops/index.js';
import type { AnyTensor } from '../tensor.js';

/**
 * Share of rows whose largest output is the label's: a metric for classifiers.
 * @param output `[…, classes]` @param labels `[…]`, int32
 */
export function accuracy(output: AnyTensor, labels: AnyTensor): AnyTensor {
  const hits = equal(argmax(output, { axis: -1 }) as AnyTensor, labels) as AnyTensor;
  return mean(cast(hits, 'float32') as AnyTensor) as AnyTensor;
}
