import { GradsmithError } from './errors.js';

/** A shape at the type level: a tuple of dimensions, `number` where one is known only at run time. */
export type Shape = number[];

/** Most dimensions a tensor may have, and most elements: limits of the plan format. */
export const MAX_RANK = 8;
export const MAX_SIZE = 2 ** 31 - 1;

/** Answers that a shape rule has given about one shape, by an integer of the rule's: most graphs ask the same few at each step. */
export class Answers {
  private readonly questions: number[] = [];
  private readonly answers: Extent[] = [];
  private next = 0;

  of(question: number): Extent | null {
    const { questions } = this;
    for (let i = 0; i < questions.length; i++) if (questions[i] === question) return this.answers[i]!;
    return null;
  }

  /** Remembers the last few. */
  add(question: number, answer: Extent): Extent {
    this.questions[this.next] = question;
    this.answers[this.next] = answer;
    this.next = (this.next + 1) % 8;
    return answer;
  }
}

/** A shape at run time. Interned: equal shapes are the same object, so `===` compares and `id` stands for it in a plan's key. */
export class Extent {
  readonly dims: readonly number[];
  readonly id: number;
  readonly rank: number;
  readonly size: number;
  /** Broadcasts, and matrix products, with a partner, by its id. */
  readonly broadcasts = new Answers();
  readonly products = new Answers();
  /** Reductions, and permutations, by their attribute. */
  readonly reductions = new Answers();
  readonly permutations = new Answers();

  constructor(dims: readonly number[], id: number, size: number) {
    this.dims = dims;
    this.id = id;
    this.rank = dims.length;
    this.size = size;
  }
}

const extents: Extent[] = [];
const buckets = new Map<number, Extent[]>();

/** The one Extent with these dimensions. The caller has checked that they are integers >= 0. Throws ERR_SHAPE beyond the limits. */
export function intern(dims: readonly number[]): Extent {
  let hash = dims.length;
  for (let i = 0; i < dims.length; i++) hash = (Math.imul(hash, 31) + dims[i]!) | 0;
  let bucket = buckets.get(hash);
  if (bucket === undefined) {
    bucket = [];
    buckets.set(hash, bucket);
  }
  search: for (let k = 0; k < bucket.length; k++) {
    const extent = bucket[k]!;
    if (extent.rank !== dims.length) continue;
    for (let i = 0; i < dims.length; i++) if (extent.dims[i] !== dims[i]) continue search;
    return extent;
  }
  const extent = new Extent(Object.freeze(Array.from(dims)), extents.length, checkedSize(dims));
  extents.push(extent);
  bucket.push(extent);
  return extent;
}

function checkedSize(dims: readonly number[]): number {
  const size = dims.reduce((a, b) => a * b, 1);
  if (dims.length > MAX_RANK)
    throw new GradsmithError(
      'ERR_SHAPE',
      `shape ${show(dims)} has ${dims.length} dimensions; at most ${MAX_RANK} are supported`,
    );
  if (size > MAX_SIZE || dims.some((d) => d > MAX_SIZE)) {
    throw new GradsmithError('ERR_SHAPE', `shape ${show(dims)} has more than ${MAX_SIZE} elements`);
  }
  return size;
}

/** The Extent with this id. */
export function extentOf(id: number): Extent {
  return extents[id]!;
}

export const SCALAR = intern([]);

/** `[64, 10]`, as messages and hovers write it. */
export function show(dims: readonly number[]): string {
  return `[${dims.join(', ')}]`;
}

/** A user's shape, checked: an array of integers >= 0. */
export function checkShape(dims: readonly number[], op: string): Extent {
  if (!Array.isArray(dims))
    throw new GradsmithError('ERR_SHAPE', `${op}: expected a shape, an array of integers >= 0, got ${String(dims)}`);
  for (const d of dims) {
    if (!Number.isInteger(d) || d < 0)
      throw new GradsmithError('ERR_SHAPE', `${op}: expected a shape of integers >= 0, got ${show(dims)}`);
  }
  return intern(dims);
}

/** The shape two operands broadcast to, by NumPy's rules. Throws ERR_SHAPE, naming `op` and both. */
export function broadcast(op: string, a: Extent, b: Extent): Extent {
  if (a === b || b.rank === 0) return a;
  if (a.rank === 0) return b;
  return a.broadcasts.of(b.id) ?? a.broadcasts.add(b.id, broadcastOf(op, a, b));
}

function broadcastOf(op: string, a: Extent, b: Extent): Extent {
  const rank = Math.max(a.rank, b.rank);
  const out = new Array<number>(rank);
  for (let i = 0; i < rank; i++) {
    const x = a.dims[i - rank + a.rank] ?? 1;
    const y = b.dims[i - rank + b.rank] ?? 1;
    if (x !== y && x !== 1 && y !== 1) {
      throw new GradsmithError('ERR_SHAPE', `${op}: shapes do not broadcast: ${show(a.dims)} and ${show(b.dims)}`);
    }
    out[i] = x === 1 ? y : x;
  }
  return intern(out);
}

/** Strides, in elements, of a row-major tensor. */
export function contiguousStrides(dims: readonly number[]): number[] {
  const strides = new Array<number>(dims.length);
  for (let i = dims.length - 1, step = 1; i >= 0; i--) {
    strides[i] = step;
    step *= Math.max(dims[i]!, 1);
  }
  return strides;
}

/** An axis counted from the front. Throws ERR_SHAPE, naming `op`. */
export function checkAxis(op: string, axis: number, extent: Extent): number {
  const i = axis < 0 ? axis + extent.rank : axis;
  if (!Number.isInteger(axis) || i < 0 || i >= extent.rank) {
    throw new GradsmithError('ERR_SHAPE', `${op}: axis ${axis} is out of range for ${show(extent.dims)}`);
  }
  return i;
}
