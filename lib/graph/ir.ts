import { type AnyTensor, COMPUTED, NUMBER_ARGUMENT, VALUE } from '../tensor.js';
import { type Op, unobserved } from './op.js';
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
  /** By node of the walk: its value's number. */
  const place: number[] = [];
  let leaf = 0;
  let scalar = 0;
  const add = (v: IrValue): number => result.push(v) - 1;
  const end = (kind: number, slot: number, t: AnyTensor): number =>
    add({ kind, slot, op: null, attr: 0, inputs: [], dims: t.extent.dims, type: t.type });
  const node = (t: AnyTensor, inputs: readonly number[]): number => {
    const op = t.op as Op;
    if (op.composed !== undefined) return expand(op, t, inputs);
    return add({ kind: NODE, slot: -1, op, attr: t.attr, inputs, dims: t.extent.dims, type: t.type });
  };
  /** What the node's entry composes it of. Recursive: compositions are short. */
  const expand = (op: Op, t: AnyTensor, inputs: readonly number[]): number => {
    const known = new Map(t.inputs.map((x, i) => [x, inputs[i]!]));
    const visit = (x: AnyTensor): number => {
      const at = known.get(x) ?? node(x, x.inputs.map(visit));
      known.set(x, at);
      return at;
    };
    return visit(unobserved(() => op.composed!(t.inputs, t.attr)));
  };

  for (let i = 0; i < w.count; i++) {
    const t = w.nodes[i]!;
    if (t.kind === COMPUTED) {
      place.push(
        node(
          t,
          t.inputs.map((x) => place[x.index]!),
        ),
      );
    } else if (t.kind === VALUE || t.kind === NUMBER_ARGUMENT) {
      place.push(end(SCALAR, scalar++, t));
    } else {
      place.push(end(LEAF, leaf++, t));
    }
  }
  return {
    values: result,
    outputs: outputs.map((t) => place[t.index]!),
    updates: values.map((t, i) => ({ value: place[t.index]!, target: place[targets[i]!.index]! })),
    leaves: leaf,
    scalars: scalar,
  };
}
