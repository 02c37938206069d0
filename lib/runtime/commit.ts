import { GradsmithError } from '../errors.js';
import type { Plan } from '../graph/plan.js';
import { type AnyTensor, COMPUTED, detach } from '../tensor.js';
import { jobCount, oldestJob } from './jobs.js';
import { recording, refuseWhileRecording } from './recording.js';
import { planFor, type RunRequest, runSync, startRun } from './run.js';
import { turn } from './turn.js';

/** A parameter or state tensor, and what it becomes. */
export interface Update {
  readonly target: AnyTensor;
  readonly value: AnyTensor;
}

/** As many steps may wait on the executor; JavaScript builds the next one meanwhile. */
export const QUEUE_DEPTH = 4;

let kept: AnyTensor[] = [];

/**
 * Makes the next step compute this tensor too: an accuracy, the logits. Without it, reading one after the step is ERR_STALE.
 * @example const accuracy = keep(mean(cast(equal(argmax(logits, { axis: 1 }), classes), 'float32')))
 */
export function keep<T extends AnyTensor>(t: T): T {
  if (recording() !== null)
    throw new GradsmithError('ERR_VALUE', 'keep: not inside a function that is compiled; return the tensor instead');
  kept.push(t);
  return t;
}

/**
 * One plan that evaluates `outputs` (and what `keep()` was told) and then overwrites the targets: an optimizer's step. Resolves when there
 * is room for the next one, not when it is done; what fails later is thrown by the next use of a target or output. `onFailure` is told at
 * once, however it fails.
 */
export function commit(
  updates: readonly Update[],
  outputs: readonly AnyTensor[] = [],
  onFailure: (() => void) | null = null,
): Promise<void> {
  const request = requestOf(updates, withKept(outputs), onFailure);
  const waiting = startRun(request);
  if (waiting === null) return turn();
  return waiting.again ? retry(request, waiting.promises) : room();
}

/** `commit()` that blocks the event loop until it is done. */
export function commitSync(
  updates: readonly Update[],
  outputs: readonly AnyTensor[] = [],
  onFailure: (() => void) | null = null,
): void {
  runSync(requestOf(updates, withKept(outputs), onFailure));
}

/** The plan that `commit()` would run now. Runs nothing, and leaves what `keep()` was told to the next step. */
export function planOfCommit(updates: readonly Update[], outputs: readonly AnyTensor[]): Plan {
  const missing = [...outputs, ...kept].filter(isMissing);
  return planFor(requestOf(updates, missing, null));
}

/** Overwrites the targets, now. Not a step: what `keep()` was told waits for the next one. Blocks the event loop. */
export function overwrite(updates: readonly Update[]): void {
  refuseWhileRecording('overwrites a tensor');
  runSync(requestOf(updates, [], null));
}

async function retry(request: RunRequest, promises: Promise<void>[]): Promise<void> {
  await Promise.all(promises);
  const waiting = startRun(request);
  if (waiting === null) return turn();
  return waiting.again ? retry(request, waiting.promises) : room();
}

/** Resolves when few enough steps wait on the executor. */
export async function room(): Promise<void> {
  while (jobCount() > QUEUE_DEPTH) await oldestJob()!.promise;
}

function withKept(outputs: readonly AnyTensor[]): readonly AnyTensor[] {
  if (kept.length === 0) return outputs;
  const wanted = [...outputs, ...kept];
  kept = [];
  return wanted;
}

function requestOf(
  updates: readonly Update[],
  outputs: readonly AnyTensor[],
  onFailure: (() => void) | null,
): RunRequest {
  const values = new Array<AnyTensor>(updates.length);
  const targets = new Array<AnyTensor>(updates.length);
  for (let i = 0; i < updates.length; i++) {
    values[i] = updates[i]!.value;
    targets[i] = updates[i]!.target;
  }
  return { outputs: missingOf(outputs), values, targets, forget: true, onFailure };
}

/** The outputs that are still to compute. The others have been read; their graphs are forgotten now, as those of the step's will be. */
function missingOf(outputs: readonly AnyTensor[]): AnyTensor[] {
  const missing: AnyTensor[] = [];
  for (const t of outputs) {
    if (t.kind !== COMPUTED) {
      if (!t.mutable) detach(t);
    } else if (isMissing(t)) missing.push(t);
  }
  return missing;
}

function isMissing(t: AnyTensor): boolean {
  return t.kind === COMPUTED && t.pending === null;
}
