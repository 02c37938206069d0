// Tensors can be read whichever entry of the package is loaded first.
import '../runtime/reading.js';

export { accuracy } from './metrics.js';
export type { EpochReport, EvaluateOptions, Examples, FitOptions, Progress, TrainerOptions } from './options.js';
export type { Scores } from './scores.js';
export { Trainer } from './trainer.js';
