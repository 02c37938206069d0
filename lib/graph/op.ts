import { isFloat } from '../dtype.js';
import { GradsmithError } from '../errors.js';
import type { Extent } from '../shape.js';
import { type AnyTensor, Tensor } from '../tensor.js';
import type { View } from './view.js';

/** How an op becomes an instruction. */
export interface InstructionLowering {
  /** Name in the instruction table (docs/architecture.md). */
  readonly name: string;
  readonly attributes?: (node: LoweredNode) => readonly number[];
  /** The output as the instruction sees it: dimensions of a contiguous view of the result. Default: its own shape. */
  readonly output?: (node: LoweredNode) => readonly number[];
  /**
   * The inputs as the instruction sees them, in its order (after the output). Default: as they are.
   * `contiguous(view)` demands row-major memory (a copy is made if need be); `reshape(view, dims)` also gives it new dimensions.
   */
  readonly operands?: (node: LoweredNode, inputs: readonly View[], tools: LoweringTools) => readonly View[];
  /** Positions among the operands (0 is the first input) that are scalars of the run rather than memory. */
  readonly scalars?: readonly number[];
  /** May the output be the very memory of an input that dies here? */
  readonly inPlace?: boolean;
  /**
   * Is the result so many rows of the first operand, as they lie there, from the row on that the second one, a scalar, names? Then it is
   * read in place where it can be: through a window of the plan.
   */
  readonly window?: boolean;
}

export interface LoweringTools {
  contiguous(view: View): View;
  reshape(view: View, dims: readonly number[]): View;
}

/** What lowering knows of a node. */
export interface LoweredNode {
  readonly attr: number;
  readonly dims: readonly number[];
  readonly type: number;
  readonly inputDims: readonly (readonly number[])[];
  readonly inputTypes: readonly number[];
}

/** An input of a sample: floats from the domain, in the float dtype under test, unless it says otherwise. */
export interface SampleInput {
  readonly shape: readonly number[];
  /** dtype code, where the op asks for a certain one. */
  readonly type?: number;
  /** Integers are drawn from 0 … below - 1. */
  readonly below?: number;
}

export interface SampleCase {
  readonly inputs: readonly SampleInput[];
  readonly attr?: number;
}

/** Points from which the derived tests make their checks. */
export interface Samples {
  /** Shapes of the inputs, one array a case, where attribute and dtypes need no mention. The default suits elementwise ops. */
  readonly shapes?: readonly (readonly (readonly number[])[])[];
  /** The same with attributes and dtypes; replaces `shapes`. */
  readonly cases?: readonly SampleCase[];
  /** Interval the inputs are drawn from, for all or for each. Default [-2, 2]. */
  readonly domain?: readonly [number, number] | readonly (readonly [number, number])[];
  /** Inputs at which value and gradient must be finite, or exactly what the reference says. */
  readonly extreme?: readonly number[];
  /** Places without a derivative; gradient checks keep their distance. */
  readonly kinks?: readonly number[];
  /** Largest error of the float32 kernel, in units in the last place of the reference. Default 1 (correctly rounded up to the last bit). */
  readonly ulp?: number;
  /** Or an absolute tolerance relative to the sum of magnitudes, for ops that add many terms. */
  readonly relative?: number;
}

/** What one entry says about an op; see docs/architecture.md, "How to add an op". */
export interface OpEntry {
  readonly name: string;
  /** Run-time shape rule. Throws ERR_SHAPE in the words of the type level. */
  readonly shape: (inputs: readonly AnyTensor[], attr: number) => Extent;
  /** dtype rule, by codes. Throws ERR_DTYPE. */
  readonly dtype: (inputs: readonly AnyTensor[], attr: number) => number;
  /**
   * Reverse mode: the gradient of each input (null where there is none), built from differentiable ops. A gradient has the shape of the
   * output or of its input: the driver undoes broadcasting. Absent: the op has no gradient.
   */
  readonly gradient?: (
    inputs: readonly AnyTensor[],
    y: AnyTensor,
    dy: AnyTensor,
    attr: number,
  ) => readonly (AnyTensor | null)[];
  /** Forward mode: the tangent of the output from those of the inputs. */
  readonly forward?: (inputs: readonly AnyTensor[], y: AnyTensor, dx: readonly AnyTensor[], attr: number) => AnyTensor;
  /** What the kernel must compute, as a composition of other ops. */
  readonly equals?: (inputs: readonly AnyTensor[], attr: number) => AnyTensor;
  readonly samples?: Samples;

  // Exactly one of the following says how it is computed.
  /** One micro-op of the elementwise engine, by name: the op is elementwise, broadcasts, and fuses. */
  readonly micro?: string;
  /** A constant tensor whose every element is this function of the attribute. */
  readonly constant?: (attr: number) => number;
  /** Only another way to see the input's memory. Null: this layout cannot be seen so, copy it first. */
  readonly view?: (input: View, node: LoweredNode) => View | null;
  /** An instruction of its own. */
  readonly instruction?: InstructionLowering;
  /**
   * A composition of other ops. `apply` builds it in the op's place; but where the entry has a gradient rule too, the op has a node of its
   * own, and it is the planner that puts the composition in its place. That must not bring in numbers of the run.
   */
  readonly composed?: (inputs: readonly AnyTensor[], attr: number) => AnyTensor;

  // Traits that passes ask for.
  /** Value v such that op(x, v) = x, and op(v, x) = x if `commutes`. */
  readonly identity?: number;
  readonly commutes?: boolean;
  /** op(op(x)) = x, as for neg. */
  readonly involution?: boolean;
  /** Never merge two nodes that look the same. */
  readonly random?: boolean;
  /** May fail because of the data (an index out of range): it runs before anything is overwritten. */
  readonly fallible?: boolean;
}

/** An entry with its number. */
export interface Op extends OpEntry {
  readonly id: number;
}

/** Every field of an entry, in one order: so all ops have one hidden class, and looking one up for each node of a graph stays cheap. */
const BLANK: Readonly<Record<keyof OpEntry, undefined>> = {
  name: undefined,
  shape: undefined,
  dtype: undefined,
  gradient: undefined,
  forward: undefined,
  equals: undefined,
  samples: undefined,
  micro: undefined,
  constant: undefined,
  view: undefined,
  instruction: undefined,
  composed: undefined,
  identity: undefined,
  commutes: undefined,
  involution: undefined,
  random: undefined,
  fallible: undefined,
};

const registry: Op[] = [];

/** Registers an op. Names are unique; the id is its position and stands for it in a plan's key. */
export function op(entry: OpEntry): Op {
  if (registry.some((o) => o.name === entry.name)) throw new Error(`op ${entry.name} is defined twice`);
  const made: Op = Object.assign({ id: registry.length, ...BLANK }, entry);
  registry.push(made);
  return made;
}

/** All ops, in the order of their definition. */
export function allOps(): readonly Op[] {
  return registry;
}

/** Called with every node that is built; the eager mode evaluates it at once. */
let onBuilt: ((t: AnyTensor) => void) | null = null;
export function observeNodes(f: ((t: AnyTensor) => void) | null): void {
  onBuilt = f;
}

/** Builds nodes for a program, which must stay a graph in the eager mode, too. */
export function unobserved<R>(build: () => R): R {
  const before = onBuilt;
  onBuilt = null;
  try {
    return build();
  } finally {
    onBuilt = before;
  }
}

export function nodesAreObserved(): boolean {
  return onBuilt !== null;
}

/**
 * Builds the node `op(inputs)`. Shape and dtype errors are thrown here, so that they carry the caller's stack.
 * `inputs` must be a fresh array: the node keeps it.
 */
export function apply(op: Op, inputs: AnyTensor[], attr = 0): AnyTensor {
  let needsGrad = false;
  for (let i = 0; i < inputs.length; i++) {
    const x = inputs[i]!;
    if (!(x instanceof Tensor)) checkOperand(op.name, x, i);
    if (x.needsGrad) needsGrad = true;
  }
  const type = op.dtype(inputs, attr);
  const extent = op.shape(inputs, attr);
  if (op.composed !== undefined && op.gradient === undefined) return op.composed(inputs, attr);
  const node: AnyTensor = new Tensor(
    op,
    inputs,
    attr,
    extent,
    type,
    needsGrad && op.gradient !== undefined && isFloat(type),
  );
  if (onBuilt !== null) onBuilt(node);
  return node;
}

/** Throws ERR_VALUE unless `x` is a tensor. For functions that look at an operand before they build a node. */
export function checkOperand(name: string, x: unknown, position = 0): void {
  if (!(x instanceof Tensor)) {
    throw new GradsmithError('ERR_VALUE', `${name}: operand ${position} is not a tensor but ${describe(x)}`);
  }
}

function describe(x: unknown): string {
  if (x === null || x === undefined) return String(x);
  if (Array.isArray(x)) return 'an array (make it a tensor with tensor(…))';
  if (x instanceof Promise) return 'a promise (await it)';
  return typeof x === 'object' ? `a ${x.constructor?.name ?? 'object'}` : `a ${typeof x}`;
}
