import { GradsmithError } from '../errors.js';
import { type BackwardCall, tick } from '../tensor.js';
import type { Update } from './commit.js';

// A function is being traced: it runs once, on placeholders, and what it would do is written down instead of done.

/** A step that the function takes. */
export interface RecordedStep {
  readonly updates: readonly Update[];
  /** Steps have been taken (`n` > 0) or have failed (`n` < 0): counts move. */
  readonly advance: (n: number) => void;
  /** Would the step still do what was recorded? */
  readonly holds: () => boolean;
}

/** The function does what only a run can: it reads a value, or overwrites one. */
export class Untraceable extends GradsmithError {}

export class Recording {
  /** Each with the clock's time when it was taken. */
  readonly steps: { readonly step: RecordedStep; readonly time: number }[] = [];
  readonly backwardCalls = new Set<BackwardCall>();
  /** Why the function cannot be traced, where it may have caught the error itself. */
  failure: Untraceable | null = null;

  /** A step that takes the gradients of these calls of `backward()`. */
  takeStep(calls: readonly BackwardCall[], step: RecordedStep): void {
    if (!calls.every((call) => this.backwardCalls.has(call))) {
      throw new GradsmithError(
        'ERR_GRADIENT',
        'compile: step() would take a gradient from outside the function; call zeroGrad() or step() before it',
      );
    }
    this.steps.push({ step, time: tick() });
  }
}

let current: Recording | null = null;

/** The recording under way. */
export function recording(): Recording | null {
  return current;
}

/** Runs `f` while `r` records. */
export function record<R>(r: Recording, f: () => R): R {
  const before = current;
  current = r;
  try {
    return f();
  } finally {
    current = before;
  }
}

/** Throws ERR_VALUE while a function is traced, when nothing has a value yet. */
export function refuseWhileRecording(what: string): void {
  if (current === null) return;
  current.failure ??= new Untraceable(
    'ERR_VALUE',
    `compile: the function ${what} while it is traced, when nothing has a value yet; return the tensor and read it outside`,
  );
  throw current.failure;
}
