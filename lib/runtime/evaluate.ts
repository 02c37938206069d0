import { GradsmithError } from '../errors.js';
import { isPendingGradient, pendingWith } from '../graph/gradient.js';
import { type AnyTensor, COMPUTED, Tensor } from '../tensor.js';
import { drain } from './jobs.js';
import { refuseWhileRecording } from './recording.js';
import { runSync, startRun } from './run.js';
import { turn } from './turn.js';

const NONE: readonly AnyTensor[] = Object.freeze([]);

/**
 * Computes these tensors in one plan, off the event loop. Reading them afterwards costs nothing.
 * @throws ERR_STALE when one was built from a parameter's old value; ERR_INDEX when an index in the data is out of range.
 * @example const [a, b] = [sum(tensor([1, 2])), exp(tensor([0]))]; await evaluate(a, b)
 */
export async function evaluate(...tensors: AnyTensor[]): Promise<void> {
  checkTensors('evaluate', tensors);
  for (;;) {
    const roots = rootsOf(tensors);
    if (roots.length > 0) {
      const waiting = startRun({ outputs: roots, values: NONE, targets: NONE, forget: false, onFailure: null });
      if (waiting?.again) {
        await Promise.all(waiting.promises);
        continue;
      }
      if (waiting) await waiting.job.promise;
    }
    const landing = tensors.filter((t) => t.pending !== null);
    if (landing.length > 0) await Promise.all(landing.map((t) => t.pending!.promise));
    if (tensors.every((t) => t.kind !== COMPUTED)) return roots.length > 0 ? turn() : undefined;
    for (const t of tensors) if (t.error !== null) throw t.error;
    // A job has failed, and the graph is still there: run it here, where it fails with its reason.
    if (roots.length > 0)
      return runSync({ outputs: rootsOf(tensors), values: NONE, targets: NONE, forget: false, onFailure: null });
  }
}

/** `evaluate()` that blocks the event loop. */
export function evaluateSync(...tensors: AnyTensor[]): void {
  checkTensors('evaluateSync', tensors);
  if (tensors.some((t) => t.pending !== null)) drain();
  for (const t of tensors) if (t.error !== null && t.kind === COMPUTED) throw t.error;
  const roots = rootsOf(tensors);
  if (roots.length > 0) runSync({ outputs: roots, values: NONE, targets: NONE, forget: false, onFailure: null });
}

/** What must be computed; for the gradient of a parameter, all pending gradients and their losses, so that the forward pass runs once. */
export function rootsOf(tensors: readonly AnyTensor[]): AnyTensor[] {
  const roots = [...new Set(tensors)].filter(isMissing);
  const gradients = roots.filter(isPendingGradient);
  if (gradients.length === 0) return roots;
  return [...new Set([...pendingWith(gradients), ...roots])].filter(isMissing);
}

function isMissing(t: AnyTensor): boolean {
  return t.kind === COMPUTED && t.pending === null && t.error === null;
}

function checkTensors(op: string, tensors: readonly unknown[]): void {
  refuseWhileRecording('reads a tensor');
  for (const t of tensors)
    if (!(t instanceof Tensor)) throw new GradsmithError('ERR_VALUE', `${op}: expected tensors, got ${String(t)}`);
}
