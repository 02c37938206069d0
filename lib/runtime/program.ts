import { GradsmithError } from '../errors.js';
import { findPlan } from '../graph/cache.js';
import type { Plan } from '../graph/plan.js';
import { releaseWalk, walk } from '../graph/walk.js';
import { nextDraw, skipDraws } from '../random.js';
import { type AnyTensor, NEXT_DRAW, tick } from '../tensor.js';
import { bindLeaves } from './bind.js';
import type { Update } from './commit.js';
import { drain, enqueue } from './jobs.js';
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
  /** The outputs of every step, row by row: `steps` x `outputs`. Valid until the next run. */
  readonly values: Float64Array;
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
  /** Rows of scalars and of values, kept from run to run: fresh memory would cost a page fault every few hundred steps. */
  private rows = new Float64Array(0);
  private values = new Float64Array(0);
  private traced = true;
  private running = false;

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
  async run({ steps, firstStep = 0, signal, onProgress }: ProgramRun): Promise<ProgramResult> {
    if (this.running) throw new GradsmithError('ERR_VALUE', 'Program.run: already running');
    const { plan } = this;
    prepare(plan); // again, if it has left the cache
    if (steps === 0 || signal?.aborted) return { steps: 0, values: this.values.subarray(0, 0) };
    this.values = atLeast(this.values, steps * plan.outputs.length);
    this.fillRows(steps, firstStep);
    const arrays = bindLeaves(this.leaves, plan.leafCount);
    let failure: Error | null = null;
    let done = 0;
    const job = enqueue(
      plan,
      arrays,
      (error, stepsDone) => {
        failure = error;
        done = stepsDone;
      },
      steps,
      this.rows,
      this.values,
    );
    const now = tick();
    for (const t of this.targets) t.time = now;
    const stop = () => native.cancel(job.id);
    signal?.addEventListener('abort', stop, { once: true });
    const timer = onProgress ? setInterval(() => onProgress(native.progress(job.id)), PROGRESS_MS) : undefined;
    this.running = true;
    try {
      await job.promise;
    } finally {
      this.running = false;
      clearInterval(timer);
      signal?.removeEventListener('abort', stop);
    }
    const error = failure as GradsmithError | null;
    if (error !== null && error.code !== 'ERR_ABORTED') throw error;
    return { steps: done, values: this.values.subarray(0, done * plan.outputs.length) };
  }

  private fillRows(steps: number, firstStep: number): void {
    const { scalars, draws } = this;
    const rows = atLeast(this.rows, steps * scalars.length);
    this.rows = rows;
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
