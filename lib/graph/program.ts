import { BOOL, FLOAT64 } from '../dtype.js';
import type { Unit } from './fuse.js';
import { CONSTANT, type Lowered, SCALAR } from './lower.js';
import { isContiguous, type View, wholeView } from './view.js';

// The register program of one elementwise group, in static single assignment: what `elementwise` runs.

export interface MicroOp {
  readonly name: string;
  readonly type: number;
  readonly operands: readonly number[];
  /** Of a `constant`. */
  readonly value: number;
}

/** An input register: memory, or one float64 of the row of scalars. */
export interface GroupInput {
  readonly view: View;
  readonly scalar: number;
}

export interface GroupProgram {
  readonly dims: readonly number[];
  readonly inputs: GroupInput[];
  readonly ops: MicroOp[];
  /** Register of each member, and of the product, by value. */
  readonly registers: ReadonlyMap<number, number>;
}

/** Does this operand of a value with these dimensions see all of its owner, element by element? */
export function isWhole(view: View, owner: Lowered, dims: readonly number[]): boolean {
  return (
    view.offset === 0 &&
    owner.dims.length === dims.length &&
    owner.dims.every((d, i) => d === dims[i] && view.dims[i] === d) &&
    isContiguous(view)
  );
}

const programs = new WeakMap<Unit, GroupProgram>();

/** An elementwise unit's program, built once: several passes ask what it reads, and the last one writes it. */
export function programOf(values: readonly Lowered[], unit: Unit, fused: boolean): GroupProgram {
  let program = programs.get(unit);
  if (program === undefined) {
    program = buildProgram(values, unit.members, fused, unit.producer);
    programs.set(unit, program);
  }
  return program;
}

/** The program that computes `members` (in topological order, all of one shape); `product`, if not -1, is its first input. */
export function buildProgram(
  values: readonly Lowered[],
  members: readonly number[],
  inlineUniform: boolean,
  product = -1,
): GroupProgram {
  const { dims } = values[members[0]!]!;
  const inputs: GroupInput[] = [];
  // Registers are numbered inputs first; while both lists grow, an op's register is kept as -1 - its place.
  const inputAt = new Map<string, number>();
  const opAt = new Map<number, number>();
  const scalarAt = new Map<number, number>();
  const ops: { name: string; type: number; operands: number[]; value: number }[] = [];
  const inGroup = new Set(members);

  const emit = (name: string, type: number, operands: number[], value = 0): number =>
    -ops.push({ name, type, operands, value });
  const input = (view: View, scalar: number): number => {
    const key = scalar >= 0 ? `s${scalar}` : `${view.owner},${view.offset},${view.strides.join()}`;
    let at = inputAt.get(key);
    if (at === undefined) {
      at = inputs.push({ view, scalar }) - 1;
      inputAt.set(key, at);
    }
    return at;
  };

  const scalarRegister = (k: number, view: View): number => {
    const v = values[k]!;
    let at = scalarAt.get(k);
    if (at === undefined) {
      at = input(view, v.slot);
      if (v.type !== FLOAT64) at = emit('cast', v.type, [at]);
      scalarAt.set(k, at);
    }
    return at;
  };

  const compute = (k: number): number => {
    const known = opAt.get(k);
    if (known !== undefined) return known;
    const v = values[k]!;
    const operands = v.operands.map((o) => register(o));
    const from = v.operands.length > 0 ? values[v.operands[0]!.owner]!.type : v.type;
    const comparison = v.type === BOOL && v.name !== 'cast' && v.name !== 'select';
    const at =
      v.kind === CONSTANT ? emit('constant', v.type, [], v.value) : emit(v.name, comparison ? from : v.type, operands);
    opAt.set(k, at);
    return at;
  };

  const register = (view: View): number => {
    const k = view.owner;
    const v = values[k]!;
    if (v.kind === SCALAR) return scalarRegister(k, view);
    if (v.kind === CONSTANT) return compute(k);
    if (inGroup.has(k) && isWhole(view, v, dims)) return compute(k);
    if (k === product) return 0;
    if (inlineUniform && v.uniformOps > 0) return compute(k);
    return input(view, -1);
  };

  if (product >= 0) input(wholeView(product, dims), -1);
  for (const k of members) compute(k);
  const final = (at: number): number => (at >= 0 ? at : inputs.length - 1 - at);
  const registers = new Map(members.map((k) => [k, final(opAt.get(k)!)]));
  if (product >= 0) registers.set(product, 0);
  return { dims, inputs, ops: ops.map((o) => ({ ...o, operands: o.operands.map(final) })), registers };
}
