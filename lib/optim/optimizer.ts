import type { DType } from '../dtype.js';
import { GradsmithError } from '../errors.js';
import { dropGradients, peekGradients, type TakenGradients, takeGradients } from '../graph/gradient.js';
import { commit, commitSync, planOfCommit, type Update } from '../runtime/commit.js';
import { recording } from '../runtime/recording.js';
import type { Shape } from '../shape.js';
import { type AnyTensor, type Parameter, scalar, stepScalar, Tensor } from '../tensor.js';
import { EXPLANATION, type Explainable, planText } from '../transform/explain.js';
import { Moments, type OptimizerState } from './moments.js';
import { type StepNumber, StepNumbers } from './step-numbers.js';

/** A number, or a function of the step (0 for the first): it must depend on nothing else. */
export type Schedule = number | ((step: number) => number);

/** Any parameter, whatever its shape and dtype. */
export type AnyParameter = Parameter<Shape, DType>;

const ofNow = (perStep: (step: number) => number, type: number, step: number): AnyTensor => scalar(perStep(step), type);

/** Base of the optimizers: a rule says how one parameter is updated; everything else is here. */
export abstract class Optimizer implements Explainable {
  readonly parameters: readonly AnyTensor[];
  /** Step size; may be replaced between steps. */
  learningRate: Schedule;
  /** @internal */
  protected readonly moments: Moments;
  private steps = 0;

  /** @param moments names of the state tensors that the rule keeps for a parameter */
  protected constructor(parameters: Iterable<AnyParameter>, learningRate: Schedule, moments: readonly string[]) {
    const name = new.target.name;
    this.parameters = checkParameters(name, [...parameters]);
    this.moments = new Moments(this.parameters, moments);
    this.learningRate = checkSchedule(name, learningRate);
  }

  /** @internal Adds the new values of the parameter of this index and of its moments to `updates`. */
  protected abstract rule(index: number, gradient: AnyTensor, numbers: StepNumbers, updates: Update[]): void;

  /** How many steps have been taken. */
  get stepCount(): number {
    return this.steps;
  }

  /**
   * Updates every parameter that has a gradient, evaluates the losses whose `backward()` gave it, and clears the gradients. Gradients
   * that these losses left for parameters of other optimizers are evaluated, too, and stay. Resolves when there is room for the next
   * step; a failure surfaces here or at the next await.
   * @throws ERR_GRADIENT when no parameter has a gradient.
   */
  step(): Promise<void> {
    try {
      if (recording() !== null) return this.record();
      const { updates, outputs, grads } = this.take(ofNow);
      this.advance(1, grads);
      return commit(updates, outputs, () => this.advance(-1, grads));
    } catch (error) {
      return Promise.reject(error);
    }
  }

  /** `step()` that blocks the event loop until it is done. */
  stepSync(): void {
    if (recording() !== null) {
      this.record();
      return;
    }
    const { updates, outputs, grads } = this.take(ofNow);
    this.advance(1, grads);
    commitSync(updates, outputs, () => this.advance(-1, grads));
  }

  /** The plan of the step that `step()` would take now. */
  [EXPLANATION](): string {
    const { grads, outputs } = peekGradients(this.parameters);
    return planText(planOfCommit(this.updatesOf('explain', grads, ofNow), outputs));
  }

  /** Forgets gradients without a step. */
  zeroGrad(): void {
    dropGradients(this.parameters);
  }

  /** Step count and state tensors, as a copy that does not change when training goes on. */
  stateDict(): Promise<OptimizerState> {
    return this.moments.snapshot(this.steps);
  }

  /** `stateDict()` that blocks the event loop. */
  stateDictSync(): OptimizerState {
    return this.moments.snapshotSync(this.steps);
  }

  /** Goes on where the optimizer of the state dict was. @throws ERR_VALUE, ERR_SHAPE or ERR_DTYPE where it does not fit the parameters. */
  loadStateDict(state: OptimizerState): void {
    this.moments.load(`${this.constructor.name}.loadStateDict`, state);
    this.steps = state.step;
  }

  /** @internal The updates of the next step from these gradients (null: the parameter is left alone). */
  updates(gradients: readonly (AnyTensor | null)[], number: StepNumber): Update[] {
    const updates: Update[] = [];
    const numbers = new StepNumbers(this.steps, number);
    for (let i = 0; i < this.parameters.length; i++) {
      const gradient = gradients[i];
      if (gradient === null || gradient === undefined) continue;
      numbers.select(this.parameters[i]!.type, this.moments.skipped[i]!);
      this.rule(i, gradient, numbers, updates);
    }
    return updates;
  }

  /** @internal `n` steps have been taken (or -n have failed), without these gradients where they are null. */
  advance(n: number, gradients: readonly (AnyTensor | null)[]): void {
    this.steps += n;
    for (let i = 0; i < gradients.length; i++) if (gradients[i] === null) this.moments.skipped[i]! += n;
  }

  /** The learning rate at a step, checked. */
  protected rateAt(step: number): number {
    const rate = typeof this.learningRate === 'function' ? this.learningRate(step) : this.learningRate;
    if (typeof rate === 'number' && !Number.isNaN(rate)) return rate;
    throw new GradsmithError(
      'ERR_VALUE',
      `${this.constructor.name}: the learning rate at step ${step} is ${rate}, not a number`,
    );
  }

  /** The step of a function that is traced: its numbers are asked for at each call. */
  private record(): Promise<void> {
    const now = (perStep: (step: number) => number, type: number) => stepScalar(() => perStep(this.steps), type);
    const { updates, grads, calls } = this.take(now);
    const skipped = [...this.moments.skipped];
    recording()!.takeStep(calls, {
      updates,
      advance: (n) => this.advance(n, grads),
      holds: () => this.isUnchanged(grads, skipped),
    });
    return Promise.resolve();
  }

  /** Have the parameters with gradients missed as many steps as these, and does none have another gradient to take? */
  private isUnchanged(grads: readonly (AnyTensor | null)[], skipped: readonly number[]): boolean {
    for (let i = 0; i < grads.length; i++) {
      if (this.parameters[i]!.gradient !== null) return false;
      if (grads[i] !== null && this.moments.skipped[i] !== skipped[i]) return false;
    }
    return true;
  }

  private take(number: StepNumber): TakenGradients & { updates: Update[] } {
    const { grads, outputs, calls } = takeGradients(this.parameters);
    const updates = this.updatesOf(`${this.constructor.name}.step`, grads, number);
    // Field by field: what a spread copies here was kept by V8 until a full collection, a graph a step (30 MB more in a long loop).
    return { grads, outputs, calls, updates };
  }

  private updatesOf(op: string, grads: readonly (AnyTensor | null)[], number: StepNumber): Update[] {
    const updates = this.updates(grads, number);
    if (updates.length > 0) return updates;
    throw new GradsmithError('ERR_GRADIENT', `${op}: no parameter has a gradient; call loss.backward() first`);
  }
}

function checkParameters(name: string, tensors: AnyTensor[]): AnyTensor[] {
  if (tensors.length === 0) throw new GradsmithError('ERR_VALUE', `${name}: expected parameters, got none`);
  for (const [i, t] of tensors.entries()) {
    if (!(t instanceof Tensor && t.mutable && t.needsGrad)) {
      throw new GradsmithError('ERR_VALUE', `${name}: item ${i} is not a parameter; make one with parameter(…)`);
    }
  }
  if (new Set(tensors).size < tensors.length)
    throw new GradsmithError('ERR_VALUE', `${name}: a parameter is given twice`);
  return tensors;
}

function checkSchedule(name: string, rate: Schedule): Schedule {
  if (typeof rate === 'function' || (typeof rate === 'number' && rate >= 0)) return rate;
  throw new GradsmithError(
    'ERR_VALUE',
    `${name}: expected a learning rate >= 0 or a function of the step, got ${String(rate)}`,
  );
}
