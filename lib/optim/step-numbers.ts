import type { AnyTensor } from '../tensor.js';

/**
 * Makes a number of the step a node of a dtype: its value now for a single step, or a scalar that follows the steps of a program.
 * Never an attribute: plans must not depend on it.
 */
export type StepNumber = (perStep: (step: number) => number, type: number, now: number) => AnyTensor;

/**
 * A number that changes from step to step. `time` is 1 at the parameter's first step and does not count the steps in which it had no
 * gradient; `step` is the optimizer's, from 0.
 */
export type TimeFunction = (time: number, step: number) => number;

interface Entry {
  readonly f: TimeFunction;
  readonly type: number;
  readonly skipped: number;
  readonly node: AnyTensor;
}

/** The changing numbers of one step, each a single node for all the parameters that share it. */
export class StepNumbers {
  private readonly now: number;
  private readonly make: StepNumber;
  private readonly entries: Entry[] = [];
  private type = 0;
  private skipped = 0;

  constructor(now: number, make: StepNumber) {
    this.now = now;
    this.make = make;
  }

  /** From here on for a parameter of this dtype that has missed this many steps. */
  select(type: number, skipped: number): void {
    this.type = type;
    this.skipped = skipped;
  }

  /** The node of a number; the same function gives the same node. */
  of(f: TimeFunction): AnyTensor {
    const { type, skipped } = this;
    for (const e of this.entries) if (e.f === f && e.type === type && e.skipped === skipped) return e.node;
    const node = this.make((step) => f(step + 1 - skipped, step), type, this.now);
    this.entries.push({ f, type, skipped, node });
    return node;
  }
}
