import { GradsmithError } from './errors.js';

// The generator is counter-based (Philox 4x32-10, in native/kernels/random.h): a draw is named by (seed, draw number), and element i
// of a draw depends on nothing else. This file only hands out the names.

// V8 seeds Math.random from the system's entropy in each thread; node:crypto would cost 12 ms of every import.
let seed = Math.floor(Math.random() * 2 ** 48);
let next = 0;

/** A draw's name: two integers below 2^53. */
export interface Draw {
  readonly seed: number;
  readonly number: number;
}

/**
 * Seeds the default generator: the same seed gives the same numbers on every machine and for any number of threads.
 * @param n an integer from 0 to 2^53 - 1
 */
export function manualSeed(n: number): void {
  seed = checkSeed(n, 'manualSeed');
  next = 0;
}

export function checkSeed(n: number, op: string): number {
  if (!Number.isSafeInteger(n) || n < 0)
    throw new GradsmithError('ERR_VALUE', `${op}: expected a seed, an integer from 0 to 2^53 - 1, got ${String(n)}`);
  return n;
}

/** Takes the next draw of the default generator; with a seed of its own, the first draw of that seed. */
export function takeDraw(op: string, own?: number): Draw {
  if (own !== undefined) return { seed: checkSeed(own, op), number: 0 };
  return { seed, number: next++ };
}

/** The seed of the default generator. */
export function currentSeed(): number {
  return seed;
}

/** The number that the next draw will get. */
export function nextDraw(): number {
  return next;
}

/** Skips `n` draws: a program of many steps has used them. */
export function skipDraws(n: number): void {
  next += n;
}
