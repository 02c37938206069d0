import { contiguousStrides } from '../shape.js';
import { LEAF as IR_LEAF, SCALAR as IR_SCALAR, type Ir, type IrValue } from './ir.js';
import type { Op } from './op.js';
import { nodeOf } from './simplify.js';
import { broadcastView, isContiguous, reshapeView, sizeOfDims, type View, wholeView } from './view.js';

// From ops to memory: views disappear into the operands that look through them, and every remaining value owns memory (or is a number
// that needs none). What an operand cannot be seen through is copied by a node of its own.

export const LEAF = 0;
export const SCALAR = 1;
export const CONSTANT = 2;
export const ELEMENTWISE = 3;
export const INSTRUCTION = 4;
/** Rows of a leaf where they lie, from a row on that changes from step to step. */
export const WINDOW = 5;

export interface Lowered {
  readonly kind: number;
  /** Place among leaves, scalars or windows. */
  readonly slot: number;
  /** Dimensions of the memory, row-major; for an instruction's result, as the instruction sees it. */
  readonly dims: readonly number[];
  readonly type: number;
  /** A constant's value. */
  readonly value: number;
  /** Elementwise: the micro-op. Instruction: its name. */
  readonly name: string;
  readonly operands: readonly View[];
  readonly attributes: readonly number[];
  /** Positions among the operands that are scalars of the row rather than memory. */
  readonly scalarOperands: readonly number[];
  readonly fallible: boolean;
  readonly inPlace: boolean;
  /**
   * How many ops compute it from scalars and constants alone, if it is a number that every element of a group can share: it is computed
   * again inside each group that needs it, which costs less than memory. 0 where that is not so, or too many.
   */
  readonly uniformOps: number;
}

/**
 * The most that `uniformOps` may be. The largest micro-op has three operands, and an operand of 10 ops and scalars has at most 7 scalars: 31
 * ops and 21 inputs, within what a group may have.
 */
const UNIFORM_OPS = 10;

/** A window: `rows` rows of a leaf that has `leafRows`, each of `columns` elements, from the row on that a scalar names. */
export interface WindowSpec {
  readonly leaf: number;
  readonly scalar: number;
  readonly rows: number;
  readonly leafRows: number;
  readonly columns: number;
}

export interface LoweredGraph {
  readonly values: Lowered[];
  readonly windows: WindowSpec[];
  /** For each output: where its elements are. An output of more than one element is a whole value of its own. */
  readonly outputs: View[];
  /** Each update writes the whole value `value` over the leaf with this slot. */
  readonly updates: { readonly value: number; readonly target: number }[];
  readonly leaves: number;
  readonly scalars: number;
}

const NOTHING = {
  slot: -1,
  value: 0,
  name: '',
  operands: [],
  attributes: [],
  scalarOperands: [],
  fallible: false,
  inPlace: false,
  uniformOps: 0,
};

export function lower(ir: Ir): LoweredGraph {
  const values: Lowered[] = [];
  const views: View[] = [];
  const copies = new Map<string, View>();
  const windows: WindowSpec[] = [];
  const overwritten = new Set(ir.updates.map((u) => ir.values[u.target]!.slot));

  const add = (v: Lowered): number => values.push(v) - 1;
  const whole = (v: Lowered, dims: readonly number[] = v.dims): View => wholeView(add(v), dims);

  const elementwise = (micro: string, dims: readonly number[], type: number, operands: readonly View[]): Lowered => {
    const uniformOps = dims.every((d) => d === 1) ? uniformOpsOf(operands.map((o) => values[o.owner]!.uniformOps)) : 0;
    return { ...NOTHING, kind: ELEMENTWISE, dims, type, name: micro, operands, inPlace: true, uniformOps };
  };

  /** The view's elements in fresh row-major memory. */
  const copy = (view: View): View => {
    const key = `${view.owner},${view.offset},${view.dims.join('x')},${view.strides.join()}`;
    const known = copies.get(key);
    if (known) return known;
    const made = whole(elementwise('copy', view.dims, values[view.owner]!.type, [view]));
    copies.set(key, made);
    return made;
  };
  /** The view, in memory: numbers that have none get some. */
  const inMemory = (view: View): View => (hasMemory(values[view.owner]!) ? view : copy(view));
  const contiguous = (view: View): View =>
    hasMemory(values[view.owner]!) && isContiguous(view)
      ? { ...view, strides: contiguousStrides(view.dims) }
      : copy(view);
  const reshape = (view: View, dims: readonly number[]): View => {
    const direct = hasMemory(values[view.owner]!) ? reshapeView(view, dims) : null;
    return direct ?? wholeReshaped(copy(view), dims);
  };
  const tools = { contiguous, reshape };

  /** Rows of a leaf that nothing overwrites need no copy. */
  const windowOn = (table: View, start: View, v: IrValue): View | null => {
    const owner = values[table.owner]!;
    const size = sizeOfDims(owner.dims);
    const all = table.offset === 0 && sizeOfDims(table.dims) === size && isContiguous(table);
    if (owner.kind !== LEAF || overwritten.has(owner.slot) || !all || size === 0) return null;
    const rows = { rows: v.dims[0]!, leafRows: table.dims[0]!, columns: size / table.dims[0]! };
    const slot = windows.push({ leaf: owner.slot, scalar: values[start.owner]!.slot, ...rows }) - 1;
    return whole({ ...NOTHING, kind: WINDOW, dims: v.dims, type: v.type, slot });
  };

  const instruction = (v: IrValue, op: Op): View => {
    const node = nodeOf(v, ir.values);
    const how = op.instruction!;
    const inputs = v.inputs.map((k) => views[k]!);
    const window = how.window ? windowOn(inputs[0]!, inputs[1]!, v) : null;
    if (window !== null) return window;
    const scalarOperands = how.scalars ?? [];
    const operands = (how.operands?.(node, inputs, tools) ?? inputs).map((view, i) =>
      scalarOperands.includes(i) ? view : inMemory(view),
    );
    const made: Lowered = {
      ...NOTHING,
      kind: INSTRUCTION,
      dims: how.output?.(node) ?? v.dims,
      type: v.type,
      name: how.name,
      operands,
      attributes: how.attributes?.(node) ?? [],
      scalarOperands,
      fallible: op.fallible ?? false,
      inPlace: how.inPlace ?? false,
    };
    return whole(made, v.dims);
  };

  const lowerNode = (v: IrValue): View => {
    const op = v.op!;
    if (op.constant)
      return whole({
        ...NOTHING,
        uniformOps: 1,
        kind: CONSTANT,
        dims: v.dims,
        type: v.type,
        value: op.constant(v.attr),
      });
    if (op.micro !== undefined) {
      return whole(
        elementwise(
          op.micro,
          v.dims,
          v.type,
          v.inputs.map((k) => broadcastView(views[k]!, v.dims)),
        ),
      );
    }
    if (op.view) {
      const input = views[v.inputs[0]!]!;
      const node = nodeOf(v, ir.values);
      return op.view(input, node) ?? op.view(copy(input), node)!;
    }
    return instruction(v, op);
  };

  for (const v of ir.values) {
    if (v.kind === IR_LEAF) views.push(whole({ ...NOTHING, kind: LEAF, dims: v.dims, type: v.type, slot: v.slot }));
    else if (v.kind === IR_SCALAR)
      views.push({
        owner: add({ ...NOTHING, uniformOps: 1, kind: SCALAR, dims: [], type: v.type, slot: v.slot }),
        offset: 0,
        dims: v.dims,
        strides: v.dims.map(() => 0),
      });
    else views.push(lowerNode(v));
  }

  /** The view as a whole value that was computed here and that nobody else has claimed. */
  const claimed = new Set<number>();
  const claim = (view: View): View => {
    const owner = values[view.owner]!;
    const own = owner.kind === ELEMENTWISE || owner.kind === INSTRUCTION;
    const result =
      own && isContiguous(view) && sizeOfDims(view.dims) === sizeOfDims(owner.dims) && !claimed.has(view.owner)
        ? view
        : freshCopy(view);
    claimed.add(result.owner);
    return result;
  };
  const freshCopy = (view: View): View => whole(elementwise('copy', view.dims, values[view.owner]!.type, [view]));

  const updates = ir.updates.map((u) => ({ value: claim(views[u.value]!).owner, target: ir.values[u.target]!.slot }));
  /** One element, read at the end of the step: never from a leaf, which an update may have overwritten by then. */
  const single = (view: View): View => (values[view.owner]!.kind === LEAF ? freshCopy(view) : inMemory(view));
  const outputs = ir.outputs.map((k) => (sizeOfDims(ir.values[k]!.dims) === 1 ? single(views[k]!) : claim(views[k]!)));
  return { values, windows, outputs, updates, leaves: ir.leaves, scalars: ir.scalars };
}

export function hasMemory(v: Lowered): boolean {
  return v.kind !== SCALAR && v.kind !== CONSTANT;
}

function uniformOpsOf(operands: readonly number[]): number {
  const ops = operands.reduce((sum, n) => sum + n, 1);
  return operands.every((n) => n > 0) && ops <= UNIFORM_OPS ? ops : 0;
}

function wholeReshaped(view: View, dims: readonly number[]): View {
  return { ...view, dims, strides: contiguousStrides(dims) };
}
