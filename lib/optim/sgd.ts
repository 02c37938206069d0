import { GradsmithError } from '../errors.js';
import { add, mul, sub } from '../ops/nodes.js';
import type { Update } from '../runtime/commit.js';
import type { AnyTensor } from '../tensor.js';
import { type AnyParameter, Optimizer, type Schedule } from './optimizer.js';
import { checkAtLeast0 } from './options.js';
import type { StepNumbers } from './step-numbers.js';

export interface SGDOptions {
  learningRate: Schedule;
  /** Share of the last step's direction that is kept. Default 0. */
  momentum?: number;
  /** Look ahead along the momentum. Default false. */
  nesterov?: boolean;
  /** λ of ½λ·Σw², added to the loss through its gradient. Default 0. */
  weightDecay?: number;
}

/**
 * Stochastic gradient descent: `w -= lr·d` with `g = gradient + weightDecay·w`, `v = momentum·v + g`, and d = v, or g + momentum·v with
 * `nesterov`. As PyTorch's, with dampening 0.
 * @example const sgd = new SGD(model.parameters(), { learningRate: 0.1, momentum: 0.9 });
 */
export class SGD extends Optimizer {
  readonly momentum: number;
  readonly nesterov: boolean;
  readonly weightDecay: number;
  private readonly rate = (_time: number, step: number) => this.rateAt(step);

  constructor(
    parameters: Iterable<AnyParameter>,
    { learningRate, momentum = 0, nesterov = false, weightDecay = 0 }: SGDOptions,
  ) {
    super(parameters, learningRate, momentum > 0 ? ['momentum'] : []);
    this.momentum = checkAtLeast0('SGD', 'momentum', momentum);
    this.weightDecay = checkAtLeast0('SGD', 'weightDecay', weightDecay);
    this.nesterov = nesterov;
    if (nesterov && momentum === 0) throw new GradsmithError('ERR_VALUE', 'SGD: nesterov needs a momentum > 0');
  }

  /** @internal */
  protected override rule(index: number, gradient: AnyTensor, numbers: StepNumbers, updates: Update[]): void {
    const target = this.parameters[index]!;
    let direction = this.weightDecay === 0 ? gradient : add(gradient, mul(target, this.weightDecay));
    if (this.momentum > 0) {
      const velocity = this.moments.of(index, 'momentum');
      const value = add(mul(velocity, this.momentum), direction);
      updates.push({ target: velocity, value });
      direction = this.nesterov ? add(direction, mul(value, this.momentum)) : value;
    }
    updates.push({ target, value: sub(target, mul(direction, numbers.of(this.rate))) });
  }
}
