import type { TensorDataset } from '../data/index.js';
import { INT32 } from '../dtype.js';
import { unobserved } from '../graph/op.js';
import type { Plan } from '../graph/plan.js';
import { dynamicSlice, gather } from '../ops/index.js';
import type { Update } from '../runtime/commit.js';
import type { Job } from '../runtime/jobs.js';
import { Program } from '../runtime/program.js';
import { type AnyTensor, stepScalar, type Tensor } from '../tensor.js';

/** What is computed of a batch: one-element outputs, and what they change. */
export interface BatchGraph {
  readonly updates: Update[];
  readonly outputs: AnyTensor[];
}

export interface PassOptions {
  readonly data: TensorDataset;
  readonly batchSize: number;
  readonly dropLast: boolean;
  /** The order of rows, a state tensor of their indices; null: as they are. */
  readonly order: AnyTensor | null;
  /** Builds the graph of one batch; called once for full batches and once for the rest. */
  readonly build: (columns: AnyTensor[]) => BatchGraph;
}

/** Some steps of a pass: how many, and their outputs weighted by rows. */
export interface Stretch {
  readonly steps: number;
  readonly rows: number;
  /** For each output, the sum over the steps of its value times the rows of the batch. */
  readonly sums: Float64Array;
}

/** A stretch in the executor's queue. */
export interface QueuedStretch {
  /** How many it is to do. */
  readonly steps: number;
  /** Batches of the pass before it. */
  readonly first: number;
  readonly job: Job | null;
  readonly stretch: Promise<Stretch>;
}

/**
 * One pass over a dataset as programs: one for the full batches, one for the rows that are left over. A program gathers its batch by
 * itself, at the place that the number of the step says, so that any number of steps is one native call.
 */
export class Pass {
  /** Batches of the pass. */
  readonly steps: number;
  private readonly full: number;
  private readonly rest: number;
  private readonly options: PassOptions;
  private readonly programs = new Map<number, Program>();
  /** By the rows of a batch, what has been run. Holds no data. */
  readonly plans = new Map<number, Plan>();
  /** The number of the step that takes the first batch. */
  private first = 0;
  /** Batches of this pass that are queued or done. */
  private queued = 0;

  constructor(options: PassOptions) {
    const { data, batchSize, dropLast } = options;
    this.options = options;
    this.full = Math.floor(data.length / batchSize);
    this.rest = dropLast ? 0 : data.length % batchSize;
    this.steps = this.full + (this.rest > 0 ? 1 : 0);
  }

  /** Is the whole pass queued or done? */
  get queuedAll(): boolean {
    return this.queued === this.steps;
  }

  /** The number of the step that is queued next. */
  get nextStep(): number {
    return this.first + this.queued;
  }

  /** Back to the first batch; the next step has this number. */
  start(step: number): void {
    this.first = step;
    this.queued = 0;
  }

  /**
   * Queues up to `limit()` further steps as one native call; asked when everything is ready for it. Fewer are done only at the end of the
   * full batches, when the signal stops them, or if the stretch `before` has not done all of its own.
   */
  queue(limit: () => number, signal?: AbortSignal, before?: QueuedStretch): QueuedStretch {
    const full = this.queued < this.full;
    const rows = full ? this.options.batchSize : this.rest;
    const program = this.program(rows);
    const steps = Math.min(limit(), full ? this.full - this.queued : 1);
    const run = { steps, firstStep: this.nextStep, ...(signal === undefined ? {} : { signal }) };
    const first = this.queued;
    const { job, result } = program.queue(run, before?.job);
    this.queued += steps;
    const stretch = result.then((r) => ({
      steps: r.steps,
      rows: r.steps * rows,
      sums: weigh(r.values, r.steps, rows),
    }));
    stretch.catch(() => {}); // whoever awaits it may do so later
    return { steps, first, job, stretch };
  }

  private program(rows: number): Program {
    let program = this.programs.get(rows);
    if (program === undefined) {
      program = new Program(unobserved(() => this.options.build(this.batch(rows))));
      this.programs.set(rows, program);
      this.plans.set(rows, program.plan);
    }
    return program;
  }

  private batch(rows: number): AnyTensor[] {
    const { data, order, batchSize } = this.options;
    const start = stepScalar((step) => Math.max(step - this.first, 0) * batchSize, INT32) as Tensor<[], 'int32'>;
    if (order === null) return data.columns.map((c) => dynamicSlice(c, start, rows));
    const indices = dynamicSlice(order as Tensor<number[], 'int32'>, start, rows);
    return data.columns.map((c) => gather(c, indices));
  }
}

function weigh(values: Float64Array, steps: number, rows: number): Float64Array {
  const outputs = steps === 0 ? 0 : values.length / steps;
  const sums = new Float64Array(outputs);
  for (let i = 0; i < outputs; i++) for (let at = i; at < values.length; at += outputs) sums[i]! += values[at]! * rows;
  return sums;
}
