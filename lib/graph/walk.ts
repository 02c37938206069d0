import { type AnyTensor, COMPUTED, NUMBER_ARGUMENT, VALUE } from '../tensor.js';
import { staleError } from './gradient.js';

// One pass over the graph behind some roots, at every evaluation: it finds the leaves whose memory and values the run needs, and
// writes the graph's structure as a key. Lean on purpose (about 20 ns a node): flat integers, no allocation, scratch that is reused.

/** What a walk found. Valid until the next walk; `releaseWalk()` empties it. */
export interface Walk {
  /** Nodes in post-order; a node's `index` is its place. */
  readonly nodes: AnyTensor[];
  readonly count: number;
  /** Stored tensors, in order: the plan's first buffers. */
  readonly leaves: AnyTensor[];
  readonly leafCount: number;
  /** One-element values, in order: the plan's scalars. */
  readonly scalars: AnyTensor[];
  readonly scalarCount: number;
  /** Tensors that a queued job has yet to fill: wait for them, then walk again. */
  readonly pending: AnyTensor[];
  /** Random sources that want memory of their own first. */
  readonly sources: AnyTensor[];
  readonly key: Int32Array;
  readonly keyLength: number;
}

const nodes: AnyTensor[] = [];
const leaves: AnyTensor[] = [];
const scalars: AnyTensor[] = [];
const pending: AnyTensor[] = [];
const sources: AnyTensor[] = [];
let count = 0;
let leafCount = 0;
let scalarCount = 0;
let key = new Int32Array(4096);
let keyLength = 0;

export const walk: Walk = {
  nodes,
  get count() {
    return count;
  },
  leaves,
  get leafCount() {
    return leafCount;
  },
  scalars,
  get scalarCount() {
    return scalarCount;
  },
  pending,
  sources,
  get key() {
    return key;
  },
  get keyLength() {
    return keyLength;
  },
};

const STORED_MARK = -1; // a stored leaf's first word: minus 1 minus its dtype; then its shape
const VALUE_MARK = -101; // a value's, likewise

let epoch = 0;
const stack: (AnyTensor | null)[] = [];
const nextInput: number[] = [];

/**
 * Walks the graph behind outputs, update values and update targets. Throws ERR_STALE where a parameter was overwritten after a node was
 * built from it. When `walk.pending` or `walk.sources` is not empty afterwards, the key is incomplete.
 */
export function walkGraph(
  outputs: readonly AnyTensor[],
  values: readonly AnyTensor[],
  targets: readonly AnyTensor[],
): void {
  epoch++;
  count = leafCount = scalarCount = 0;
  if (pending.length > 0) pending.length = 0;
  if (sources.length > 0) sources.length = 0;
  keyLength = 1; // the first says where the nodes end and the roots begin: no two graphs have one key
  for (let i = 0; i < outputs.length; i++) visit(outputs[i]!);
  for (let i = 0; i < values.length; i++) visit(values[i]!);
  for (let i = 0; i < targets.length; i++) visit(targets[i]!);
  key[0] = count;
  let k = keyLength;
  reserve(k + outputs.length + values.length + targets.length + 1);
  key[k++] = outputs.length;
  for (let i = 0; i < outputs.length; i++) key[k++] = outputs[i]!.index;
  for (let i = 0; i < values.length; i++) key[k++] = values[i]!.index;
  for (let i = 0; i < targets.length; i++) key[k++] = targets[i]!.index;
  keyLength = k;
}

/**
 * Post-order, iterative: graphs of recurrent nets are deep. A node is marked when it is met, which is before its inputs are done; it is
 * met again only after that.
 */
function visit(root: AnyTensor): void {
  const e = epoch;
  if (root.mark === e) return;
  root.mark = e;
  if (isEnd(root)) {
    finish(root);
    return;
  }
  let top = 0;
  stack[0] = root;
  nextInput[0] = 0;
  while (top >= 0) {
    const t = stack[top]!;
    const { inputs } = t;
    const i = nextInput[top]!;
    if (i === inputs.length) {
      stack[top--] = null; // scratch must not keep a graph alive
      finish(t);
      continue;
    }
    nextInput[top] = i + 1;
    const x = inputs[i]!;
    if (x.mark === e) continue;
    x.mark = e;
    if (isEnd(x)) {
      finish(x);
    } else {
      stack[++top] = x;
      nextInput[top] = 0;
    }
  }
}

/** Is there nothing behind it that the run needs? It has its elements already, or will get them from another run. */
function isEnd(t: AnyTensor): boolean {
  return t.kind !== COMPUTED || mustWait(t);
}

function mustWait(t: AnyTensor): boolean {
  const { extra } = t;
  return extra !== null && (extra.pending !== null || extra.source);
}

function finish(t: AnyTensor): void {
  t.index = count;
  nodes[count++] = t;
  if (t.kind !== COMPUTED) writeLeaf(t);
  else if (!mustWait(t)) writeNode(t);
  else if (t.pending !== null) pending.push(t);
  else sources.push(t);
}

function writeNode(t: AnyTensor): void {
  const { op, inputs } = t;
  if (op === null) throw t.error ?? new Error('a tensor without a graph and without elements');
  const n = inputs.length;
  let k = keyLength;
  reserve(k + n + 3);
  key[k++] = op.id;
  key[k++] = t.attr;
  key[k++] = n;
  for (let j = 0; j < n; j++) {
    const x = inputs[j]!;
    if (x.time > t.time) throw staleError(op.name, x);
    key[k++] = x.index;
  }
  keyLength = k;
}

function writeLeaf(t: AnyTensor): void {
  reserve(keyLength + 2);
  if (t.kind === VALUE || t.kind === NUMBER_ARGUMENT) {
    key[keyLength++] = VALUE_MARK - t.type;
    scalars[scalarCount++] = t;
  } else {
    key[keyLength++] = STORED_MARK - t.type;
    leaves[leafCount++] = t;
  }
  key[keyLength++] = t.extent.id;
}

function reserve(length: number): void {
  if (length <= key.length) return;
  const larger = new Int32Array(Math.max(length, key.length * 2));
  larger.set(key);
  key = larger;
}

/** Lets go of the last graph: scratch must not keep it alive. */
export function releaseWalk(): void {
  for (let i = 0; i < count; i++) nodes[i] = null as never;
  for (let i = 0; i < leafCount; i++) leaves[i] = null as never;
  for (let i = 0; i < scalarCount; i++) scalars[i] = null as never;
  if (nodes.length > 8192) nodes.length = 0;
  if (stack.length > 0 && stack[0] !== null) stack.length = 0; // a walk that threw
  count = leafCount = scalarCount = 0;
  if (pending.length > 0) pending.length = 0;
  if (sources.length > 0) sources.length = 0;
}
