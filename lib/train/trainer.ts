import { checkBatchSize, TensorDataset } from '../data/dataset.js';
import { permutation } from '../data/permutation.js';
import type { DType } from '../dtype.js';
import { GradsmithError } from '../errors.js';
import { gradientsOf } from '../graph/gradient.js';
import type { Plan } from '../graph/plan.js';
import type { Module } from '../nn/index.js';
import { tensor } from '../ops/index.js';
import type { Optimizer } from '../optim/index.js';
import { replace, state } from '../runtime/parameter.js';
import { show } from '../shape.js';
import { type AnyTensor, type NestedArray, stepScalar, Tensor } from '../tensor.js';
import { EXPLANATION, type Explainable, planText } from '../transform/explain.js';
import { Course } from './course.js';
import { inMode } from './mode.js';
import type { EpochReport, EvaluateOptions, Examples, FitOptions, OfBatch, TrainerOptions } from './options.js';
import { Pace } from './pace.js';
import { type BatchGraph, Pass } from './pass.js';
import { Predictor } from './predictor.js';
import { Averages, type Scores } from './scores.js';

/**
 * Trains a model on examples. The graph of one step is built and planned once; whole stretches of steps then run in one native call, off
 * the event loop, with the very numbers of a hand-written loop over `dataset.batches(…)`.
 *
 * @example
 * const trainer = new Trainer({ model, loss: crossEntropy, optimizer, metrics: { accuracy } });
 * await trainer.fit(train, { epochs: 30, batchSize: 32, validation: test });
 * console.log(await trainer.evaluate(test)); // { loss, accuracy }
 */
export class Trainer<M extends string = never> implements Explainable {
  readonly model: Module;
  readonly optimizer: Optimizer;
  private readonly loss: OfBatch['of'];
  private readonly metrics: [M, OfBatch['of']][];
  private readonly predictor: Predictor;
  /** By the rows of a batch, what the last of each kind has run. */
  private readonly plans = { fit: new Map<number, Plan>(), evaluate: new Map<number, Plan>() };
  private busy = false;

  constructor({ model, loss, optimizer, metrics }: TrainerOptions<M>) {
    this.model = model;
    this.predictor = new Predictor(model);
    this.optimizer = optimizer;
    this.loss = loss;
    this.metrics = Object.entries(metrics ?? {}) as [M, OfBatch['of']][];
  }

  /**
   * Trains for some epochs and reports each.
   * @throws ERR_ABORTED when the signal stopped it; the model then is as after the last whole step.
   */
  async fit(examples: Examples, options: FitOptions<M>): Promise<EpochReport<M>[]> {
    const { epochs, batchSize = 32, shuffle = true, dropLast = false, seed, signal, validation } = options;
    if (!Number.isInteger(epochs) || epochs < 0)
      throw new GradsmithError('ERR_VALUE', `fit: expected epochs >= 0, got ${epochs}`);
    checkBatchSize('fit', batchSize);
    if (this.busy)
      throw new GradsmithError('ERR_VALUE', 'fit: another fit of this trainer is still running; await it first');
    const data = asDataset('fit', examples);
    const heldOut = validation === undefined ? undefined : asDataset('fit', validation);
    const order = shuffle ? (state(tensor(new Int32Array(data.length), { dtype: 'int32' })) as AnyTensor) : null;
    const gradients: (AnyTensor | null)[] = [];
    const build = (columns: AnyTensor[]) => this.trainingGraph(columns, gradients);
    const pass = new Pass({ data, batchSize, dropLast, order, build });
    if (pass.steps === 0)
      throw new GradsmithError('ERR_VALUE', `fit: ${data.length} examples do not fill a batch of ${batchSize}`);
    this.plans.fit = pass.plans;

    const reports: EpochReport<M>[] = [];
    const pace = new Pace();
    const course = new Course({
      pass,
      pace,
      epochs,
      signal,
      straightOn: heldOut === undefined && options.onEpoch === undefined,
      reports: options.onProgress !== undefined,
      stepCount: () => this.optimizer.stepCount,
      prepare: (epoch) => {
        if (order !== null) replace(order, permutation(data.length, seed === undefined ? {} : { seed, epoch }));
      },
    });
    this.busy = true;
    try {
      for (let epoch = 0; epoch < epochs; epoch++) {
        const began = pace.seconds;
        const scores = await this.trainEpoch(course, pass.steps, pace, gradients, options);
        const report: EpochReport<M> = { epoch: epoch + 1, scores, seconds: pace.seconds - began };
        if (heldOut !== undefined) {
          report.validation = await this.evaluate(heldOut, signal === undefined ? {} : { signal });
        }
        reports.push(report);
        const goOn = await options.onEpoch?.(report);
        if (goOn === false) break;
      }
    } finally {
      this.optimizer.advance(await course.rest(), gradients);
      this.busy = false;
    }
    return reports;
  }

  /** Loss and metrics on these examples, out of training mode. */
  async evaluate(examples: Examples, { batchSize = 256, signal }: EvaluateOptions = {}): Promise<Scores<M>> {
    checkBatchSize('evaluate', batchSize);
    const data = asDataset('evaluate', examples);
    const build = (columns: AnyTensor[]): BatchGraph => ({ updates: [], outputs: this.outputs(columns, false) });
    const pass = new Pass({ data, batchSize, dropLast: false, order: null, build });
    this.plans.evaluate = pass.plans;
    const averages = new Averages(this.metrics.map(([name]) => name));
    while (!pass.queuedAll) {
      checkAborted('evaluate', signal);
      averages.add(await pass.queue(() => pass.steps, signal).stretch);
    }
    checkAborted('evaluate', signal);
    return averages.scores();
  }

  /**
   * The model's output for these inputs, out of training mode, computed. The forward pass is traced once for each shape of the inputs, and
   * again when a field of a module has been replaced; whatever else it reads from JavaScript is as it was then.
   */
  async predict(inputs: AnyTensor | readonly NestedArray[]): Promise<Tensor> {
    return (await this.predictor.call(asTensor(inputs))) as Tensor;
  }

  /** `predict()` that blocks the event loop: the least latency for a few rows. */
  predictSync(inputs: AnyTensor | readonly NestedArray[]): Tensor {
    return this.predictor.callSync(asTensor(inputs)) as Tensor;
  }

  /** The plans of the last `fit` and `evaluate`, and those of `predict`. */
  [EXPLANATION](): string {
    const sections = Object.entries(this.plans).flatMap(([name, plans]) =>
      Array.from(plans, ([rows, plan]) => `${name}, batches of ${rows}: ${planText(plan)}`),
    );
    sections.push(...this.predictor.explanation());
    if (sections.length > 0) return sections.join('\n\n');
    throw new GradsmithError(
      'ERR_VALUE',
      'explain: the trainer has run nothing yet, so it has no plan; call fit, evaluate or predict first',
    );
  }

  private async trainEpoch(
    course: Course,
    stepsOfEpoch: number,
    pace: Pace,
    gradients: (AnyTensor | null)[],
    { epochs, signal, onProgress }: FitOptions<M>,
  ): Promise<Scores<M>> {
    const averages = new Averages(this.metrics.map(([name]) => name));
    const steps = epochs * stepsOfEpoch;
    for (let ended = false; !ended; ) {
      checkAborted('fit', signal);
      const { stretch, epoch, endsEpoch, queued, reports } = await course.next();
      ended = endsEpoch;
      this.optimizer.advance(stretch.steps, gradients);
      averages.add(stretch);
      if (onProgress === undefined || !reports || stretch.steps === 0) continue;
      const step = epoch * stepsOfEpoch + queued.first + stretch.steps;
      const { samplesPerSecond } = pace;
      const secondsLeft = pace.secondsFor(steps - step);
      onProgress({ epoch: epoch + 1, epochs, step, steps, scores: averages.scores(), samplesPerSecond, secondsLeft });
    }
    checkAborted('fit', signal);
    return averages.scores();
  }

  private trainingGraph(columns: AnyTensor[], gradients: (AnyTensor | null)[]): BatchGraph {
    const outputs = this.outputs(columns, true);
    const found = gradientsOf(outputs[0]!, this.optimizer.parameters, null);
    gradients.splice(0, gradients.length, ...found);
    const updates = this.optimizer.updates(found, (perStep, type) => stepScalar(perStep, type));
    return { updates, outputs };
  }

  /** Loss and metrics of a batch. */
  private outputs(columns: AnyTensor[], training: boolean): AnyTensor[] {
    const target = columns.at(-1)! as Tensor<number[], DType>;
    const y = inMode(this.model, training, () => this.forward(columns.slice(0, -1))) as Tensor;
    const outputs = [this.loss, ...this.metrics.map(([, f]) => f)].map((f) => f(y, target));
    for (const [i, t] of outputs.entries()) {
      if (t.size === 1) continue;
      const name = i === 0 ? 'loss' : this.metrics[i - 1]![0];
      throw new GradsmithError(
        'ERR_SHAPE',
        `Trainer: ${name} must have one element, got shape ${show(t.shape)}; take its mean()`,
      );
    }
    return outputs;
  }

  private forward(inputs: AnyTensor[]): AnyTensor {
    return (this.model as unknown as { forward(...inputs: AnyTensor[]): AnyTensor }).forward(...inputs);
  }
}

function asTensor(x: AnyTensor | readonly NestedArray[]): AnyTensor {
  return x instanceof Tensor ? (x as AnyTensor) : (tensor(x as number[]) as AnyTensor);
}

function asDataset(op: string, examples: Examples): TensorDataset {
  const columns = 'columns' in examples ? examples.columns : examples;
  if (columns.length < 2)
    throw new GradsmithError('ERR_VALUE', `${op}: expected inputs and targets, got ${columns.length} column`);
  const data = examples instanceof TensorDataset ? examples : new TensorDataset(...columns);
  if (data.length === 0) throw new GradsmithError('ERR_VALUE', `${op}: there are no examples`);
  return data as TensorDataset;
}

function checkAborted(op: string, signal: AbortSignal | undefined): void {
  if (signal?.aborted)
    throw new GradsmithError('ERR_ABORTED', `${op}: stopped by its signal`, { cause: signal.reason });
}
