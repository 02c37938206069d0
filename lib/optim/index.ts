// Tensors can be read whichever entry of the package is loaded first.
import '../runtime/reading.js';

export { Adam, type AdamOptions, AdamW } from './adam.js';
export type { OptimizerState } from './moments.js';
export { type AnyParameter, Optimizer, type Schedule } from './optimizer.js';
export { SGD, type SGDOptions } from './sgd.js';
