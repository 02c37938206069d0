import { GradsmithError } from '../errors.js';
import type { Plan } from '../graph/plan.js';
import { type AnyTensor, extraOf, type PendingJob } from '../tensor.js';
import { native } from './native.js';
import { countSteps } from './work.js';

// Work on the executor thread: one job a run of a plan, in order.

// How a run ended; the codes of native/addon. 1 is a fault: an index in the data is out of range.
const DONE = 0;
const ABORTED = 2;
const OUT_OF_MEMORY = 3;

export class Job implements PendingJob {
  readonly id: number;
  readonly promise: Promise<void>;
  readonly plan: Plan;
  /** Called with the job's values in place; `error` is null if all went well. */
  readonly onEnd: (error: GradsmithError | null, stepsDone: number) => void;
  settle!: () => void;

  constructor(id: number, plan: Plan, onEnd: (error: GradsmithError | null, stepsDone: number) => void) {
    this.id = id;
    this.plan = plan;
    this.onEnd = onEnd;
    this.promise = new Promise((resolve) => {
      this.settle = resolve;
    });
  }
}

const jobs = new Map<number, Job>();
let nextId = 1;

/** Jobs that are queued or running. */
export function jobCount(): number {
  return jobs.size;
}

/** The job that was queued first and is not done. */
export function oldestJob(): Job | undefined {
  return jobs.values().next().value;
}

/** Resolves when every job queued so far is done. */
export async function allJobs(): Promise<void> {
  await Promise.all(Array.from(jobs.values(), (job) => job.promise));
}

/** The steps of a run of many, if it is one. */
export interface JobSteps {
  readonly steps: number;
  readonly scalarRows: Float64Array;
  readonly valueRows: Float64Array;
  /** A job queued before: if it ends before its last step, this one does nothing and is aborted. */
  readonly after: Job | null;
}

/**
 * Queues a run. Its promise resolves when it has ended, however it has: what went wrong goes to `onEnd`, which tells the tensors that
 * wait for it.
 */
export function enqueue(
  plan: Plan,
  arrays: readonly ArrayBufferView[] | null,
  onEnd: (error: GradsmithError | null, stepsDone: number) => void,
  many?: JobSteps,
): Job {
  const job = new Job(nextId++, plan, onEnd);
  jobs.set(job.id, job);
  try {
    if (many === undefined) native.enqueue(plan.native, job.id, arrays);
    else native.enqueue(plan.native, job.id, arrays, many.steps, many.scalarRows, many.valueRows, many.after?.id);
  } catch (error) {
    jobs.delete(job.id);
    throw error;
  }
  return job;
}

/** Blocks until every job is done and has told its tensors. */
export function drain(): void {
  if (jobs.size > 0) native.drain();
}

native.onComplete((id, status, stepsDone, instruction, value, limit) => {
  const job = jobs.get(id);
  if (job === undefined) return;
  jobs.delete(id);
  countSteps(job.plan, stepsDone);
  const error = status === DONE ? null : failureOf(job.plan, status, instruction, value, limit);
  try {
    job.onEnd(error, stepsDone);
  } finally {
    job.settle();
  }
});

/** Why a run failed, in words. */
export function failureOf(
  plan: Plan,
  status: number,
  instruction: number,
  value: number,
  limit: number,
): GradsmithError {
  if (status === ABORTED) return new GradsmithError('ERR_ABORTED', 'run: stopped before it was done');
  if (status === OUT_OF_MEMORY)
    return new GradsmithError('ERR_NATIVE', 'run: not enough memory for the intermediate results');
  const name = plan.names[instruction] ?? 'dynamicSlice'; // of no instruction: a window has not these rows
  return new GradsmithError('ERR_INDEX', `${name}: index ${value} is out of range: expected 0 <= index < ${limit}`);
}

/** Tells tensors that nobody will fill them. */
export function failTensors(tensors: readonly AnyTensor[], error: Error): void {
  for (const t of tensors) {
    t.pending = null;
    if (t.op === null) extraOf(t).error = error;
  }
}
