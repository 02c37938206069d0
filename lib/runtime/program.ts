import { GradsmithError } from '../errors.js';
import { findPlan } from '../graph/cache.js';
import type { Plan } from '../graph/plan.js';
import { releaseWalk, walk } from '../graph/walk.js';
import { nextDraw, skipDraws } from '../random.js';
import { type AnyTensor, NEXT_DRAW, tick } from '../tensor.js';
import { bindLeaves } from './bind.js';
import type { Update } from './commit.js';
import { drain, enqueue, type Job } from './jobs.js';
import { native } from './native.js';
import { prepare, storePendingSources } from './run.js';

export interface ProgramOptions {
  readonly updates: readonly Update[];
  /** Reported for every step; each has one element. */
  readonly outputs: readonly AnyTensor[];
}

export interface ProgramRun {
  /** How many steps to run. */
  readonly steps: number;
  /** The number of the first, which stepScalars are given. Default 0. */
  readonly firstStep?: number;
  /** Stops at a step boundary; the run then resolves with the steps that were done. */
  readonly signal?: AbortSignal;
  /** Told a few times a second how many steps are done. */
  readonly onProgress?: (steps: number) => void;
}

export interface ProgramResult {
  readonly steps: number;
  /** The outputs of every step, row by row: `steps` x `outputs`. Valid until the next run but one begins. */
  readonly values: Float64Array;
}

/** A run in the queue. */
export interface QueuedRun {
  /** Null: there is nothing to do. */
  readonly job: Job | null;
  readonly result: Promise<ProgramResult>;
}

/** Rows of scalars and of values, kept from run to run: fresh memory would cost a page fault every few hundred steps. */
interface Rows {
  scalars: Float64Array<ArrayBuffer>;
  values: Float64Array<ArrayBuffer>;
  inUse: boolean;
}

const PROGRESS_MS = 100;

/**
 * A step that was traced once and runs any number of times in one native call. What differs between steps is scalars: stepScalars are
 * asked for each step's value, and random draws are numbered as a loop written by hand would number them.
 */
export class Program {
  readonly plan: Plan;
  private readonly leaves: AnyTensor[];
  private readonly targets: readonly AnyTensor[];
  private readonly scalars: AnyTensor[];
  /** Which of the scalars are draws, in the order in which they were taken. */
  private readonly draws: number[];
  /** Of the run that is next, and of the one before. */
  private rows: [Rows, Rows] = [noRows(), noRows()];
  private traced = true;

  constructor({ updates, outputs }: ProgramOptions) {
    this.targets = updates.map((u) => u.target);
    const values = updates.map((u) => u.value);
    try {
      let plan = findPlan(outputs, values, this.targets);
      while (plan === null) {
        if (walk.pending.length > 0) drain();
        else storePendingSources();
        plan = findPlan(outputs, values, this.targets);
      }
      if (plan.outputBuffers.length > 0)
        throw new GradsmithError(
          'ERR_SHAPE',
          'Program: expected outputs of one element; reduce them with sum() or mean()',
        );
      prepare(plan);
      this.plan = plan;
      this.leaves = walk.leaves.slice(0, walk.leafCount);
      this.scalars = walk.scalars.slice(0, walk.scalarCount);
    } finally {
      releaseWalk();
    }
    const isDraw = (t: AnyTensor) => t.perStep === NEXT_DRAW;
    this.draws = [...this.scalars.keys()]
      .filter((i) => isDraw(this.scalars[i]!))
      .sort((a, b) => this.scalars[a]!.value - this.scalars[b]!.value);
  }

  /** Runs on the executor; the event loop stays free. Fails with ERR_INDEX where the data holds an index out of range. */
  async run(run: ProgramRun): Promise<ProgramResult> {
    if (this.rows.some((r) => r.inUse)) throw new GradsmithError('ERR_VALUE', 'Program.run: already running');
    return await this.queue(run).result;
  }

  /**
   * Queues a run, whose numbers are asked for now; one may wait while another runs. `after`: a run of this or another program that was
   * queued before; if that one ends before its last step, for whatever reason, this one does none.
   */
  queue({ steps, firstStep = 0, signal, onProgress }: ProgramRun, after: Job | null = null): QueuedRun {
    const { plan } = this;
    const rows = this.rows[0];
    if (rows.inUse) throw new GradsmithError('ERR_VALUE', 'Program.queue: two runs are queued already');
    prepare(plan); // again, if it has left the cache
    if (steps === 0 || signal?.aborted)
      return { job: null, result: Promise.resolve({ steps: 0, values: rows.values.subarray(0, 0) }) };
    rows.values = atLeast(rows.values, steps * plan.outputs.length);
    this.fillRows(rows, steps, firstStep);
    const arrays = bindLeaves(this.leaves, plan.leafCount);
    let failure: GradsmithError | null = null;
    let done = 0;
    const job = enqueue(
      plan,
      arrays,
      (error, stepsDone) => {
        failure = error;
        done = stepsDone;
      },
      { steps, scalarRows: rows.scalars, valueRows: rows.values, after },
    );
    const now = tick();
    for (const t of this.targets) t.time = now;
    rows.inUse = true;
    this.rows = [this.rows[1], rows];
    const stop = () => native.cancel(job.id);
    signal?.addEventListener('abort', stop, { once: true });
    const timer = onProgress ? setInterval(() => onProgress(native.progress(job.id)), PROGRESS_MS) : undefined;
    const result = job.promise.then(() => {
      rows.inUse = false;
      clearInterval(timer);
      signal?.removeEventListener('abort', stop);
      if (failure !== null && failure.code !== 'ERR_ABORTED') throw failure;
      return { steps: done, values: rows.values.subarray(0, done * plan.outputs.length) };
    });
    return { job, result };
  }

  private fillRows(into: Rows, steps: number, firstStep: number): void {
    const { scalars, draws } = this;
    const rows = atLeast(into.scalars, steps * scalars.length);
    into.scalars = rows;
    scalars.forEach((t, i) => {
      if (t.perStep === NEXT_DRAW) return;
      for (let s = 0, at = i; s < steps; s++, at += scalars.length)
        rows[at] = t.perStep === null ? t.value : t.perStep(firstStep + s);
    });
    if (draws.length > 0) {
      // Tracing took the first step's draws.
      const first = this.traced ? scalars[draws[0]!]!.value : nextDraw();
      skipDraws((this.traced ? steps - 1 : steps) * draws.length);
      draws.forEach((i, order) => {
        for (let s = 0; s < steps; s++) rows[s * scalars.length + i] = first + s * draws.length + order;
      });
    }
    this.traced = false;
  }
}

function atLeast(array: Float64Array<ArrayBuffer>, length: number): Float64Array<ArrayBuffer> {
  return array.length >= length ? array : new Float64Array(length);
}

function noRows(): Rows {
  return { scalars: new Float64Array(0), values: new Float64Array(0), inUse: false };
}
