import { GradsmithError } from '../errors.js';
import { findPlan, planCache } from '../graph/cache.js';
import type { Plan } from '../graph/plan.js';
import { releaseWalk, walk } from '../graph/walk.js';
import { type AnyTensor, detach, extraOf, STORED, stored, tick } from '../tensor.js';
import { type BoundArrays, bind, failTargets, settle } from './bind.js';
import { nativeStorage } from './buffers.js';
import { drain, enqueue, failTensors, failureOf, type Job, jobCount } from './jobs.js';
import { native } from './native.js';
import { countSteps } from './work.js';

// One run of a plan: find it, bind it, and either run it here or queue it.

/** A plan that is cheaper than this runs on the calling thread: a hop to another thread and back costs as much. */
export const INLINE_NS = 20_000;

export interface RunRequest {
  /** To evaluate; none of them has its elements yet. */
  readonly outputs: readonly AnyTensor[];
  /** To overwrite: `targets[i]`, a parameter or state, gets `values[i]`. */
  readonly values: readonly AnyTensor[];
  readonly targets: readonly AnyTensor[];
  /** Drop the graphs behind the outputs, as a step does with its losses. */
  readonly forget: boolean;
  /** Told when it fails, before anybody else. */
  readonly onFailure: (() => void) | null;
}

const NONE: readonly AnyTensor[] = Object.freeze([]);

/** Plans by the numbers of their native forms, for profiles. */
const prepared = new Map<number, WeakRef<Plan>>();
export function planOfNative(id: number): Plan | undefined {
  return prepared.get(id)?.deref();
}

/** Frees native plans that were prepared again, for a Program whose plan had left the cache. */
const dropped = new FinalizationRegistry<number>(release);

function release(id: number): void {
  prepared.delete(id);
  native.releasePlan(id);
}

planCache.onEvict = (plan) => {
  if (plan.native < 0) return;
  dropped.unregister(plan);
  release(plan.native);
  plan.native = -1;
};

/** Gives a plan its native form. */
export function prepare(plan: Plan): void {
  if (plan.native >= 0) return;
  try {
    const made = native.createPlan(plan.words);
    plan.native = made.id;
    plan.cost = made.costNs;
    prepared.set(made.id, new WeakRef(plan));
    dropped.register(plan, made.id, plan);
  } catch (cause) {
    // Too large an arena, or a defect of ours; either way the verifier's words say which instruction.
    throw new GradsmithError('ERR_NATIVE', (cause as Error).message, { cause });
  }
}

/**
 * Starts a run and says what it waits for: null, if it is done; a job to wait for, after which the run is done; or tensors in flight
 * (`again`), after which it must be asked for again.
 */
export function startRun(
  request: RunRequest,
): { job: Job; again: false } | { promises: Promise<void>[]; again: true } | null {
  try {
    const plan = locate(request);
    if (plan === null) return { promises: walk.pending.map((t) => t.pending!.promise), again: true };
    const arrays = bind(plan);
    if (jobCount() === 0 && plan.cost < INLINE_NS) {
      runHere(plan, request, arrays);
      return null;
    }
    const { outputs, targets, forget } = request;
    // Jobs before this one may fail yet; what it reads may then be missing.
    const reads = !forget && jobCount() > 0 ? walk.leaves.slice(0, plan.leafCount) : NONE;
    const job = enqueue(plan, arrays, (error) => finish(plan, request, arrays, error ?? failureAmong(reads)));
    for (const t of outputs) {
      t.pending = job;
      if (forget) detach(t);
    }
    markWritten(targets);
    return { job, again: false };
  } catch (error) {
    request.onFailure?.();
    throw error;
  } finally {
    releaseWalk();
  }
}

/** A run on the calling thread, after whatever is queued; but what depends on numbers alone waits for nobody. */
export function runSync(request: RunRequest): void {
  try {
    let plan = locate(request);
    if (plan === null || (plan.leafCount > 0 && jobCount() > 0)) {
      drain();
      plan = locate(request)!;
    }
    runHere(plan, request, bind(plan));
  } catch (error) {
    request.onFailure?.();
    throw error;
  } finally {
    releaseWalk();
  }
}

/** The plan, prepared; null if tensors in flight must land first. */
function locate({ outputs, values, targets }: RunRequest): Plan | null {
  let plan = findPlan(outputs, values, targets);
  while (plan === null && walk.pending.length === 0) {
    storePendingSources();
    plan = findPlan(outputs, values, targets);
  }
  if (plan !== null) prepare(plan);
  return plan;
}

/** The plan that a run would use now. Blocks until what it waits for is there. */
export function planFor(request: RunRequest): Plan {
  try {
    let plan = locate(request);
    if (plan === null) {
      drain();
      plan = locate(request)!;
    }
    return plan;
  } finally {
    releaseWalk();
  }
}

/** One step on the calling thread, after whatever is queued. Throws what went wrong. */
export function runStep(plan: Plan, arrays: BoundArrays): void {
  const fault = native.runSync(plan.native, arrays);
  if (fault !== undefined) throw failureOf(plan, fault.status, fault.instruction, fault.value, fault.limit);
  countSteps(plan, 1);
}

function runHere(plan: Plan, { outputs, targets, forget }: RunRequest, arrays: BoundArrays): void {
  runStep(plan, arrays);
  markWritten(targets);
  settle(plan, outputs, arrays, forget);
}

function finish(
  plan: Plan,
  { outputs, targets, forget, onFailure }: RunRequest,
  arrays: BoundArrays,
  error: Error | null,
): void {
  if (error === null) {
    settle(plan, outputs, arrays, forget);
    return;
  }
  onFailure?.();
  failTensors(outputs, error);
  failTargets(targets, error);
  for (const t of targets) if (!t.mutable) t.storage!.empty = true;
}

function failureAmong(reads: readonly AnyTensor[]): Error | null {
  for (const t of reads) if (t.storage!.failure !== null) return t.storage!.failure.error;
  return null;
}

/** These parameters and state tensors have been overwritten, or will be before anything else that is queued reads them. */
export function markWritten(targets: readonly AnyTensor[]): void {
  if (targets.length === 0) return;
  const now = tick();
  for (let i = 0; i < targets.length; i++) targets[i]!.time = now;
}

/**
 * Computes `value` into a fresh native buffer, which `t` has from then on. A large one is computed by the executor, whose order makes
 * it come before whatever uses it.
 */
export function storeValue(t: AnyTensor, value: AnyTensor): void {
  const storage = nativeStorage(value.type, value.extent);
  const target = stored(storage, value.extent.dims, value.type);
  const request: RunRequest = { outputs: NONE, values: [value], targets: [target], forget: false, onFailure: null };
  let waiting = startRun(request);
  while (waiting?.again) {
    drain();
    waiting = startRun(request);
  }
  t.kind = STORED;
  t.storage = storage;
}

/** Gives the random sources that the last walk met memory of their own. */
export function storePendingSources(): void {
  const sources = [...walk.sources];
  releaseWalk();
  for (const t of sources) storeSource(t);
}

/** A random source that somebody holds is computed once, or each plan that reads it would draw its numbers again. */
function storeSource(t: AnyTensor): void {
  extraOf(t).source = false;
  storeValue(t, t);
  detach(t);
}
