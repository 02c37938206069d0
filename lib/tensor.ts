import type { DataOf, DType } from './dtype.js';
import { FLOAT64, nameOf } from './dtype.js';
import { GradsmithError } from './errors.js';
import { type Extent, intern, SCALAR, type Shape, show } from './shape.js';
import type { Storage } from './storage.js';

/** As much of an op's entry as a node needs; `graph/op.ts` has the whole. */
export interface NodeOp {
  readonly id: number;
  readonly name: string;
}

/** Whatever shape, whatever dtype. */
export type AnyTensor = Tensor<Shape, DType>;

/** Nested arrays of numbers, as deep as the tensor's rank; a number for rank 0. */
export type NestedArray = number | readonly NestedArray[];

/** Where a tensor's elements are. */
export const COMPUTED = 0; // nowhere yet: the graph behind it says how to get them
export const VALUE = 1; // one element, in `value`
export const STORED = 2; // in `storage`
// The arguments of a function that is traced have no elements: each call brings its own.
export const ARGUMENT = 3; // like STORED
export const NUMBER_ARGUMENT = 4; // like VALUE

/** What reading a tensor needs of the floors above; `runtime/reading.ts` provides it. */
export interface Reader {
  data(t: AnyTensor): Promise<unknown>;
  dataSync(t: AnyTensor): unknown;
  inspect(t: AnyTensor): string;
}
let reader: Reader | null = null;
export function provideReader(r: Reader): void {
  reader = r;
}

/** What `backward()` needs of the floors above; `graph/gradient.ts` provides it. */
let backwardOf: ((loss: AnyTensor) => void) | null = null;
export function provideBackward(f: (loss: AnyTensor) => void): void {
  backwardOf = f;
}

/** Advances whenever a parameter or state is overwritten; see `Tensor.time`. */
let clock = 1;
export function tick(): number {
  return ++clock;
}

const NO_INPUTS: readonly AnyTensor[] = Object.freeze([]);
const INSPECT = Symbol.for('nodejs.util.inspect.custom');
declare const SHAPE: unique symbol;

/**
 * An n-dimensional array of one dtype, with value semantics: no op writes into a tensor. Building one computes nothing; reading it does
 * (`await t.data()`, `.array()`, `.item()`), in one native call for the whole graph behind it.
 *
 * One class with every field set in the constructor, few of them: a step builds dozens of nodes, and objects of one hidden class cost
 * 5 ns each.
 */
export class Tensor<out S extends Shape = Shape, out D extends DType = 'float32'> {
  /** @internal */ op: NodeOp | null;
  /** @internal */ inputs: readonly AnyTensor[];
  /** @internal The op's attributes: an interned id, or a small integer; the op knows which. */
  attr: number;
  /** @internal */ extent: Extent;
  /** @internal dtype code */
  type: number;
  /** @internal */ needsGrad: boolean;
  /** @internal COMPUTED, VALUE, STORED, ARGUMENT or NUMBER_ARGUMENT */
  kind: number;
  /** @internal */ storage: Storage | null;
  /**
   * @internal When it was built; of a parameter or state, when it was last overwritten. An edge from a node to an input with a later time is
   * stale.
   */
  time: number;
  /** @internal Scratch of graph walks: the walk that saw it last, and its place there. */
  mark: number;
  /** @internal */ index: number;
  /** @internal What few tensors have; behind the accessors below. */
  extra: Extra | null;

  /** @internal */
  constructor(
    op: NodeOp | null,
    inputs: readonly AnyTensor[],
    attr: number,
    extent: Extent,
    type: number,
    needsGrad: boolean,
  ) {
    this.op = op;
    this.inputs = inputs;
    this.attr = attr;
    this.extent = extent;
    this.type = type;
    this.needsGrad = needsGrad;
    this.kind = COMPUTED;
    this.storage = null;
    this.time = clock;
    this.mark = 0;
    this.index = 0;
    this.extra = null;
  }

  /** For the compiler alone: the shape of a Parameter is inferred from here, as the mapped type of `shape` is a weaker source. */
  declare readonly [SHAPE]: S;

  /** Dimensions, outermost first. */
  get shape(): Readonly<S> {
    return this.extent.dims as unknown as Readonly<S>;
  }

  get dtype(): D {
    return nameOf(this.type) as D;
  }

  get rank(): number {
    return this.extent.rank;
  }

  /** Number of elements. */
  get size(): number {
    return this.extent.size;
  }

  /**
   * The elements in row-major order, in a typed array of the caller's own.
   * @example await tensor([[1, 2], [3, 4]]).data() // Float32Array [1, 2, 3, 4]
   */
  data(): Promise<DataOf<D>> {
    return reader!.data(this) as Promise<DataOf<D>>;
  }

  /** `data()` that blocks the event loop until the numbers are there. */
  dataSync(): DataOf<D> {
    return reader!.dataSync(this) as DataOf<D>;
  }

  /**
   * The elements as nested arrays; a number for rank 0.
   * @example await tensor([[1, 2], [3, 4]]).array() // [[1, 2], [3, 4]]
   */
  async array(): Promise<NestedArray> {
    return nest((await this.data()) as ArrayLike<number>, this.extent.dims);
  }

  /** `array()` that blocks the event loop. */
  arraySync(): NestedArray {
    return nest(this.dataSync() as ArrayLike<number>, this.extent.dims);
  }

  /**
   * The only element, as a number.
   * @throws ERR_SHAPE unless there is exactly one.
   * @example await tensor([[7]]).item() // 7
   */
  async item(): Promise<number> {
    checkOne(this);
    if (this.kind === VALUE) return this.value;
    return ((await this.data()) as ArrayLike<number>)[0]!;
  }

  /** `item()` that blocks the event loop. */
  itemSync(): number {
    checkOne(this);
    if (this.kind === VALUE) return this.value;
    return (this.dataSync() as ArrayLike<number>)[0]!;
  }

  /**
   * Builds the gradients of this one-element tensor with respect to every parameter behind it and adds them to their `.grad`.
   * Computes nothing by itself: `optimizer.step()` or reading a `.grad` does.
   * @throws ERR_GRADIENT when it has more than one element or depends on no parameter.
   */
  backward(): void {
    backwardOf!(this);
  }

  /** @internal */
  [INSPECT](): string {
    return reader!.inspect(this);
  }

  /** @internal A parameter or state: the only tensors that are ever overwritten. */
  get mutable(): boolean {
    return this.extra?.mutable ?? false;
  }

  /** @internal The element of a VALUE. */
  get value(): number {
    return this.extra!.value;
  }

  /** @internal The value of a scalar at a step of a Program; null: the same at every step. */
  get perStep(): ((step: number) => number) | null {
    return this.extra?.perStep ?? null;
  }

  /** @internal A random source that a user holds: computed once and stored, not once a plan. */
  get source(): boolean {
    return this.extra?.source ?? false;
  }

  /** @internal Is an evaluation under way that will fill it? */
  get pending(): PendingJob | null {
    return this.extra?.pending ?? null;
  }

  /** @internal */
  set pending(job: PendingJob | null) {
    if (job !== null || this.extra !== null) extraOf(this).pending = job;
  }

  /** @internal Why the last evaluation failed, if the graph behind it is gone. */
  get error(): Error | null {
    return this.extra?.error ?? null;
  }

  /** @internal Of a parameter: its gradient, if no step has taken it yet. Of the tensor that is that gradient: the same. */
  get gradient(): PendingGradient | null {
    return this.extra?.gradient ?? null;
  }

  /** @internal */
  set gradient(gradient: PendingGradient | null) {
    if (gradient !== null || this.extra !== null) extraOf(this).gradient = gradient;
  }

  toString(): string {
    return `Tensor([${this.extent.dims.join(', ')}], ${this.dtype})`;
  }
}

/** @internal What only some tensors have: parameters, numbers, results in flight. The many others are smaller, which spares the collector. */
export class Extra {
  mutable = false;
  source = false;
  value = 0;
  perStep: ((step: number) => number) | null = null;
  pending: PendingJob | null = null;
  error: Error | null = null;
  gradient: PendingGradient | null = null;
}

/** @internal */
export function extraOf(t: AnyTensor): Extra {
  t.extra ??= new Extra();
  return t.extra;
}

/** @internal A queued evaluation, as far as the tensors that wait for it are concerned. */
export interface PendingJob {
  readonly promise: Promise<void>;
}

/** @internal A call of `backward()`: the loss, and the parameters that got gradients. */
export interface BackwardCall {
  readonly loss: AnyTensor;
  readonly leaves: AnyTensor[];
  /** Has a step evaluated the loss? */
  taken: boolean;
}

/** @internal What calls of `backward()` have left for one parameter. Only parameters hold it: whatever they forget, nobody keeps. */
export interface PendingGradient {
  /** The sum of this call's gradient and the earlier ones'. */
  readonly node: AnyTensor;
  readonly call: BackwardCall;
  readonly earlier: PendingGradient | null;
}

/**
 * A tensor that optimizers overwrite: the only mutable thing. Its gradient of the last `backward()` is in `.grad`.
 */
export interface Parameter<S extends Shape = Shape, D extends DType = 'float32'> extends Tensor<S, D> {
  /** The gradient accumulated since the last step; null before `backward()` and after `step()`. */
  readonly grad: Tensor<S, D> | null;
}
Object.defineProperty(Tensor.prototype, 'grad', {
  get(this: AnyTensor) {
    return this.mutable && this.gradient !== null ? this.gradient.node : null;
  },
});

/** @internal A number as a rank-0 tensor, bound anew at each run: a plan does not depend on its value. */
export function scalar(value: number, type: number): AnyTensor {
  const t = new Tensor<Shape, DType>(null, NO_INPUTS, 0, SCALAR, type, false);
  setValue(t, value);
  return t;
}

/** @internal The one element of `t` is this. */
export function setValue(t: AnyTensor, value: number): void {
  t.kind = VALUE;
  extraOf(t).value = value;
}

/** @internal A scalar that has `perStep(step)` at each step of a Program, `perStep(0)` elsewhere. */
export function stepScalar(perStep: (step: number) => number, type: number): AnyTensor {
  const t = scalar(perStep(0), type);
  t.extra!.perStep = perStep;
  return t;
}

/**
 * @internal The number of a random draw as a scalar (float64). In a Program it advances from step to step, as the draws of a loop written
 * by hand would.
 */
export function drawScalar(draw: number): AnyTensor {
  const t = scalar(draw, FLOAT64);
  t.extra!.perStep = NEXT_DRAW;
  return t;
}

/** @internal Marks the scalars that number random draws. */
export const NEXT_DRAW = (_step: number): number => {
  throw new Error('draw numbers come from the generator');
};

/** @internal A tensor with elements in memory. */
export function stored(storage: Storage, dims: readonly number[], type: number): AnyTensor {
  const t = new Tensor<Shape, DType>(null, NO_INPUTS, 0, intern(dims), type, false);
  t.kind = STORED;
  t.storage = storage;
  return t;
}

/** @internal An argument of a function that is traced. */
export function placeholder(kind: number, extent: Extent, type: number): AnyTensor {
  const t = new Tensor<Shape, DType>(null, NO_INPUTS, 0, extent, type, false);
  t.kind = kind;
  return t;
}

/** @internal Forgets the graph behind a tensor that has been computed. */
export function detach(t: AnyTensor): void {
  t.op = null;
  t.inputs = NO_INPUTS;
  t.needsGrad = false;
}

function checkOne(t: AnyTensor): void {
  if (t.extent.size !== 1) {
    throw new GradsmithError(
      'ERR_SHAPE',
      `item: expected a tensor of one element, got shape ${show(t.extent.dims)}; use data() or array()`,
    );
  }
}

function nest(data: ArrayLike<number>, dims: readonly number[]): NestedArray {
  let position = 0;
  const build = (axis: number): NestedArray => {
    if (axis === dims.length) return data[position++]!;
    return Array.from({ length: dims[axis]! }, () => build(axis + 1));
  };
  return build(0);
}
