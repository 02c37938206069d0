import { type Ir, type IrValue, NODE } from './ir.js';
import type { Op } from './op.js';

/**
 * Rewrites that never change a number: equal nodes become one, constants pass through views, `x · 1` and `-(-x)` become x, and what no
 * root needs is dropped. Each rule asks for a trait of the op.
 */
export function simplify(ir: Ir): Ir {
  const values: IrValue[] = [];
  const place = new Array<number>(ir.values.length);
  const seen = new Map<string, number>();

  const constantOf = (v: IrValue): number | null => (v.op?.constant ? v.op.constant(v.attr) : null);
  // The very number: x - 0 is x, but -0 - (-0) is 0.
  const isIdentity = (v: IrValue, op: Op): boolean => Object.is(constantOf(v), op.identity);
  const same = (a: IrValue, b: { dims: readonly number[]; type: number }) =>
    a.type === b.type && sameDims(a.dims, b.dims);

  ir.values.forEach((old, i) => {
    const inputs = old.inputs.map((k) => place[k]!);
    const v: IrValue = { ...old, inputs };
    place[i] = rewrite(v) ?? add(v);
  });

  function add(v: IrValue): number {
    if (v.kind === NODE && !v.op!.random) {
      const key = `${v.op!.id},${v.attr},${v.type},${v.dims.join('x')}:${v.inputs.join()}`;
      const known = seen.get(key);
      if (known !== undefined) return known;
      seen.set(key, values.length);
    }
    values.push(v);
    return values.length - 1;
  }

  /** Another value that equals this one, or null. */
  function rewrite(v: IrValue): number | null {
    const { op } = v;
    if (op === null) return null;
    const [a, b] = v.inputs;
    if (op.identity !== undefined && a !== undefined && b !== undefined) {
      if (isIdentity(values[b]!, op) && same(values[a]!, v)) return a;
      if (op.commutes && isIdentity(values[a]!, op) && same(values[b]!, v)) return b;
    }
    if (op.involution && a !== undefined && values[a]!.op === op) return values[a]!.inputs[0]!;
    if (op.view && a !== undefined) {
      const input = values[a]!;
      if (constantOf(input) !== null) return add({ ...input, dims: v.dims });
    }
    return null;
  }

  return prune({
    ...ir,
    values,
    outputs: ir.outputs.map((k) => place[k]!),
    updates: ir.updates.map((u) => ({ value: place[u.value]!, target: place[u.target]! })),
  });
}

/** What shape rules and views may know of a node. */
export function nodeOf(v: IrValue, values: readonly IrValue[]) {
  return {
    attr: v.attr,
    dims: v.dims,
    type: v.type,
    inputDims: v.inputs.map((k) => values[k]!.dims),
    inputTypes: v.inputs.map((k) => values[k]!.type),
  };
}

function sameDims(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((d, i) => d === b[i]);
}

/** Drops nodes that no root needs. Leaves and scalars stay: the run is given them by position. */
function prune(ir: Ir): Ir {
  const needed = new Array<boolean>(ir.values.length).fill(false);
  for (const k of ir.outputs) needed[k] = true;
  for (const u of ir.updates) needed[u.value] = needed[u.target] = true;
  for (let i = ir.values.length - 1; i >= 0; i--) if (needed[i]) for (const k of ir.values[i]!.inputs) needed[k] = true;
  const place = new Array<number>(ir.values.length).fill(-1);
  const values: IrValue[] = [];
  ir.values.forEach((v, i) => {
    if (!needed[i] && v.kind === NODE) return;
    place[i] = values.length;
    values.push({ ...v, inputs: v.inputs.map((k) => place[k]!) });
  });
  return {
    ...ir,
    values,
    outputs: ir.outputs.map((k) => place[k]!),
    updates: ir.updates.map((u) => ({ value: place[u.value]!, target: place[u.target]! })),
  };
}
