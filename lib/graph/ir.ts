import { type AnyTensor, COMPUTED, NUMBER_ARGUMENT, VALUE } from '../tensor.js';
import type { Op } from './op.js';
import type { Walk } from './walk.js';

// The graph as the planner sees it: plain values by number, without the user's tensors, rewritten freely. Built on a cache miss only.

export const LEAF = 0; // memory that the run is given
export const SCALAR = 1; // one element, bound per step
export const NODE = 2; // an op's result

export interface IrValue {
  readonly kind: number;
  /** Place among the leaves or scalars. */
  readonly slot: number;
  readonly op: Op | null;
  readonly attr: number;
  readonly inputs: readonly number[];
  readonly dims: readonly number[];
  readonly type: number;
}

export interface Ir {
  readonly values: readonly IrValue[];
  /** Results to hand back. */
  readonly outputs: readonly number[];
  /** Leaves to overwrite, each with the value it gets. */
  readonly updates: readonly { readonly value: number; readonly target: number }[];
  readonly leaves: number;
  readonly scalars: number;
}

export function importGraph(
  w: Walk,
  outputs: readonly AnyTensor[],
  values: readonly AnyTensor[],
  targets: readonly AnyTensor[],
): Ir {
  const result: IrValue[] = [];
  let leaf = 0;
  let scalar = 0;
  for (let i = 0; i < w.count; i++) {
    const t = w.nodes[i]!;
    const common = { dims: t.extent.dims, type: t.type };
    if (t.kind === COMPUTED) {
      result.push({
        kind: NODE,
        slot: -1,
        op: t.op as Op,
        attr: t.attr,
        inputs: t.inputs.map((x) => x.index),
        ...common,
      });
    } else if (t.kind === VALUE || t.kind === NUMBER_ARGUMENT) {
      result.push({ kind: SCALAR, slot: scalar++, op: null, attr: 0, inputs: [], ...common });
    } else {
      result.push({ kind: LEAF, slot: leaf++, op: null, attr: 0, inputs: [], ...common });
    }
  }
  return {
    values: result,
    outputs: outputs.map((t) => t.index),
    updates: values.map((t, i) => ({ value: t.index, target: targets[i]!.index })),
    leaves: leaf,
    scalars: scalar,
  };
}
