import { GradsmithError } from '../errors.js';
import { uniformDraw } from '../ops/random.js';
import { checkSeed, takeDraw } from '../random.js';

export interface ShuffleOptions {
  /** The same seed and epoch give the same order. Default: the next draw of the generator of `manualSeed`. */
  seed?: number;
  /** With a seed: the order of this epoch. Default 0. */
  epoch?: number;
}

/**
 * The integers 0 … n - 1 in random order: Fisher and Yates' shuffle by the counter-based generator, so the same on every machine.
 * @example permutation(5, { seed: 1 }).length // 5
 */
export function permutation(n: number, { seed, epoch = 0 }: ShuffleOptions = {}): Int32Array {
  if (!Number.isInteger(n) || n < 0)
    throw new GradsmithError('ERR_VALUE', `permutation: expected a count >= 0, got ${n}`);
  if (!Number.isSafeInteger(epoch) || epoch < 0) {
    throw new GradsmithError('ERR_VALUE', `permutation: expected an epoch >= 0, got ${epoch}`);
  }
  const draw = seed === undefined ? takeDraw('permutation') : { seed: checkSeed(seed, 'permutation'), number: epoch };
  const order = Int32Array.from({ length: n }, (_, i) => i);
  if (n < 2) return order;
  const uniform = uniformDraw(n, draw).dataSync() as Float64Array;
  for (let i = n - 1; i > 0; i--) {
    const j = Math.floor(uniform[i]! * (i + 1));
    const last = order[i]!;
    order[i] = order[j]!;
    order[j] = last;
  }
  return order;
}
