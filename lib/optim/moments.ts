import { nameOf } from '../dtype.js';
import { GradsmithError } from '../errors.js';
import { zeros } from '../ops/index.js';
import { state } from '../runtime/parameter.js';
import { assignState, type StateDict, snapshot, snapshotSync } from '../runtime/state-dict.js';
import type { AnyTensor } from '../tensor.js';

/** What an optimizer goes on from. */
export interface OptimizerState {
  /** Steps taken. */
  step: number;
  /** For each parameter, in how many of them it had no gradient. */
  skipped: number[];
  /** State tensors by the parameter's index and their own name: `0.momentum`. */
  tensors: StateDict;
}

/** The state tensors of an optimizer: each is made, as zeros, when its parameter is updated first. */
export class Moments {
  /** For each parameter, in how many steps it had no gradient. */
  readonly skipped: number[];
  private readonly parameters: readonly AnyTensor[];
  private readonly names: readonly string[];
  private readonly tensors: Record<string, AnyTensor>[];

  /** @param names the names of the state tensors that a parameter may have */
  constructor(parameters: readonly AnyTensor[], names: readonly string[]) {
    this.parameters = parameters;
    this.names = names;
    this.skipped = parameters.map(() => 0);
    this.tensors = parameters.map(() => ({}));
  }

  /** The state tensor of this name of a parameter, of its shape and dtype. */
  of(index: number, name: string): AnyTensor {
    const own = this.tensors[index]!;
    let t = own[name];
    if (t === undefined) {
      const p = this.parameters[index]!;
      t = state(zeros([...p.shape], { dtype: nameOf(p.type) })) as AnyTensor;
      own[name] = t;
    }
    return t;
  }

  async snapshot(step: number): Promise<OptimizerState> {
    const skipped = [...this.skipped];
    return { step, skipped, tensors: await snapshot(this.entries()) };
  }

  snapshotSync(step: number): OptimizerState {
    return { step, skipped: [...this.skipped], tensors: snapshotSync(this.entries()) };
  }

  /** Takes over a state. Nothing is changed unless everything fits. */
  load(op: string, { step, skipped, tensors }: OptimizerState): void {
    if (!Number.isInteger(step) || step < 0)
      throw new GradsmithError('ERR_VALUE', `${op}: expected a step count, got ${step}`);
    if (skipped.length !== this.parameters.length) {
      throw new GradsmithError(
        'ERR_VALUE',
        `${op}: expected the state of ${this.parameters.length} parameters, got ${skipped.length}`,
      );
    }
    const targets = Object.keys(tensors).map((key) => {
      const [, index, name] = /^(\d+)\.(\w+)$/.exec(key) ?? [];
      if (name === undefined || !this.names.includes(name) || this.parameters[Number(index)] === undefined) {
        throw new GradsmithError(
          'ERR_VALUE',
          `${op}: unknown ${key}; this optimizer keeps ${this.names.join(', ') || 'nothing'} for each of its ${this.parameters.length} parameters`,
        );
      }
      return [key, this.of(Number(index), name)] as const;
    });
    const zeroed = this.entries().filter(([key]) => !(key in tensors));
    const blank = zeroed.map(([key, t]) => [key, zeros([...t.shape], { dtype: nameOf(t.type) }) as AnyTensor]);
    assignState(op, [...targets, ...zeroed], { ...tensors, ...Object.fromEntries(blank) });
    for (const [i, n] of skipped.entries()) this.skipped[i] = n;
  }

  private entries(): [string, AnyTensor][] {
    return this.tensors.flatMap((own, i) =>
      Object.entries(own).map(([name, t]): [string, AnyTensor] => [`${i}.${name}`, t]),
    );
  }
}
