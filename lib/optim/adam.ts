import { add, div, mul, sqrt, square, sub } from '../ops/nodes.js';
import type { Update } from '../runtime/commit.js';
import type { AnyTensor } from '../tensor.js';
import { type AnyParameter, Optimizer, type Schedule } from './optimizer.js';
import { checkAtLeast0, checkBelow1 } from './options.js';
import type { StepNumbers } from './step-numbers.js';

export interface AdamOptions {
  learningRate?: Schedule;
  /** How much of the first and the second moment is kept from step to step. Default [0.9, 0.999]. */
  betas?: readonly [number, number];
  /** Added to the root of the second moment. Default 1e-8. */
  epsilon?: number;
  /** Adam: added to the gradient as λ·w (default 0). AdamW: w shrinks by lr·λ·w (default 0.01). */
  weightDecay?: number;
}

/**
 * Adam (Kingma & Ba 2015, arXiv:1412.6980), as PyTorch's: `w -= lr / (1 - β1^t) · m / (√v / √(1 - β2^t) + ε)`, with m and v the running means
 * of the gradient and of its square.
 * @example const adam = new Adam(model.parameters(), { learningRate: 1e-3 });
 */
export class Adam extends Optimizer {
  readonly betas: readonly [number, number];
  readonly epsilon: number;
  readonly weightDecay: number;
  // What changes from step to step: the bias corrections, and everything that holds the learning rate.
  private readonly stepSize = (time: number, step: number) => this.rateAt(step) / (1 - this.betas[0] ** time);
  private readonly rootScale = (time: number) => 1 / Math.sqrt(1 - this.betas[1] ** time);

  constructor(
    parameters: Iterable<AnyParameter>,
    { learningRate = 1e-3, betas = [0.9, 0.999], epsilon = 1e-8, weightDecay = 0 }: AdamOptions = {},
  ) {
    super(parameters, learningRate, ['firstMoment', 'secondMoment']);
    const name = new.target.name;
    this.betas = [checkBelow1(name, 'betas[0]', betas[0]), checkBelow1(name, 'betas[1]', betas[1])];
    this.epsilon = checkAtLeast0(name, 'epsilon', epsilon);
    this.weightDecay = checkAtLeast0(name, 'weightDecay', weightDecay);
  }

  /** @internal */
  protected override rule(index: number, gradient: AnyTensor, numbers: StepNumbers, updates: Update[]): void {
    const target = this.parameters[index]!;
    const g = this.decayedGradient(target, gradient);
    const [beta1, beta2] = this.betas;
    const [first, second] = [this.moments.of(index, 'firstMoment'), this.moments.of(index, 'secondMoment')];
    const m = add(mul(first, beta1), mul(g, 1 - beta1));
    const v = add(mul(second, beta2), mul(square(g), 1 - beta2));
    const step = mul(div(m, add(mul(sqrt(v), numbers.of(this.rootScale)), this.epsilon)), numbers.of(this.stepSize));
    updates.push(
      { target: first, value: m },
      { target: second, value: v },
      { target, value: sub(this.decayedWeight(target, numbers), step) },
    );
  }

  /** Weight decay as part of the gradient. */
  protected decayedGradient(target: AnyTensor, gradient: AnyTensor): AnyTensor {
    return this.weightDecay === 0 ? gradient : add(gradient, mul(target, this.weightDecay));
  }

  /** Weight decay beside the gradient. */
  protected decayedWeight(target: AnyTensor, _numbers: StepNumbers): AnyTensor {
    return target;
  }
}

/**
 * Adam with decoupled weight decay (Loshchilov & Hutter 2019, arXiv:1711.05101), as PyTorch's: the weights shrink by lr·λ·w at each step,
 * and the gradient is left alone.
 */
export class AdamW extends Adam {
  private readonly shrink = (_time: number, step: number) => 1 - this.rateAt(step) * this.weightDecay;

  constructor(parameters: Iterable<AnyParameter>, options: AdamOptions = {}) {
    super(parameters, { weightDecay: 0.01, ...options });
  }

  /** @internal */
  protected override decayedGradient(_target: AnyTensor, gradient: AnyTensor): AnyTensor {
    return gradient;
  }

  /** @internal */
  protected override decayedWeight(target: AnyTensor, numbers: StepNumbers): AnyTensor {
    return this.weightDecay === 0 ? target : mul(target, numbers.of(this.shrink));
  }
}
