import { type AnyTensor, COMPUTED, VALUE } from '../tensor.js';
import { staleError } from './gradient.js';

// One pass over the graph behind some roots, at every evaluation: it finds the leaves whose memory and values the run needs, and
// writes the graph's structure as a key. Lean on purpose (about 25 ns a node): flat integers, no allocation, scratch that is reused.

/** What a walk found. Valid until the next walk; `release()` empties it. */
export interface Walk {
  /** Nodes in post-order; a node's `index` is its place. */
  readonly nodes: AnyTensor[];
  count: number;
  /** Stored tensors, in order: the plan's first buffers. */
  readonly leaves: AnyTensor[];
  leafCount: number;
  /** One-element values, in order: the plan's scalars. */
  readonly scalars: AnyTensor[];
  scalarCount: number;
  /** Tensors that a queued job has yet to fill: wait for them, then walk again. */
  readonly pending: AnyTensor[];
  /** Random sources that want memory of their own first. */
  readonly sources: AnyTensor[];
  key: Int32Array;
  keyLength: number;
  hash: number;
}

export const walk: Walk = {
  nodes: [],
  count: 0,
  leaves: [],
  leafCount: 0,
  scalars: [],
  scalarCount: 0,
  pending: [],
  sources: [],
  key: new Int32Array(4096),
  keyLength: 0,
  hash: 0,
};

const STORED_MARK = -1; // a stored leaf's first word: minus 1 minus its dtype; then its shape
const VALUE_MARK = -101; // a value's, likewise

let epoch = 0;
const stack: AnyTensor[] = [];

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
  walk.count = 0;
  walk.leafCount = walk.scalarCount = 0;
  if (walk.pending.length > 0) walk.pending.length = 0;
  if (walk.sources.length > 0) walk.sources.length = 0;
  for (let i = 0; i < outputs.length; i++) visit(outputs[i]!);
  for (let i = 0; i < values.length; i++) visit(values[i]!);
  for (let i = 0; i < targets.length; i++) visit(targets[i]!);
  if (walk.pending.length > 0 || walk.sources.length > 0) return;
  writeKey();
  let k = walk.keyLength;
  reserve(k + outputs.length + values.length + targets.length + 1);
  const key = walk.key;
  key[k++] = outputs.length;
  for (let i = 0; i < outputs.length; i++) key[k++] = outputs[i]!.index;
  for (let i = 0; i < values.length; i++) key[k++] = values[i]!.index;
  for (let i = 0; i < targets.length; i++) key[k++] = targets[i]!.index;
  walk.keyLength = k;
  let h = 0;
  for (let i = 0; i < k; i++) {
    h = Math.imul(h ^ key[i]!, 0x9e3779b1);
    h ^= h >>> 15;
  }
  walk.hash = h;
}

/** Iterative post-order; stops at whatever has its elements already. */
function visit(root: AnyTensor): void {
  const e = epoch;
  if (root.mark === e) return;
  let top = 0;
  stack[top++] = root;
  while (top > 0) {
    const t = stack[top - 1]!;
    if (t.kind === COMPUTED && t.pending === null && !t.source) {
      const inputs = t.inputs;
      let i = 0;
      for (; i < inputs.length; i++) if (inputs[i]!.mark !== e) break;
      if (i < inputs.length) {
        stack[top++] = inputs[i]!;
        continue;
      }
    }
    top--;
    if (t.mark === e) continue;
    t.mark = e;
    t.index = walk.count;
    walk.nodes[walk.count++] = t;
    if (t.kind !== COMPUTED) continue;
    if (t.pending !== null) walk.pending.push(t);
    else if (t.source) walk.sources.push(t);
    else if (t.op === null) throw t.error ?? new Error('a tensor without a graph and without elements');
  }
}

function writeKey(): void {
  let leaf = 0;
  let value = 0;
  reserve(walk.count * 8 + 8);
  let key = walk.key;
  // Says where the nodes end and the roots begin: no two graphs have one key.
  let k = 0;
  key[k++] = walk.count;
  for (let i = 0; i < walk.count; i++) {
    const t = walk.nodes[i]!;
    if (t.kind === COMPUTED) {
      const inputs = t.inputs;
      if (k + inputs.length + 3 > key.length) {
        reserve(k + inputs.length + 3);
        key = walk.key;
      }
      key[k++] = t.op!.id;
      key[k++] = t.attr;
      key[k++] = inputs.length;
      for (let j = 0; j < inputs.length; j++) {
        const x = inputs[j]!;
        if (x.written > t.born) {
          walk.leafCount = leaf;
          walk.scalarCount = value;
          throw staleError(t.op!.name, x);
        }
        key[k++] = x.index;
      }
    } else if (t.kind === VALUE) {
      key[k++] = VALUE_MARK - t.type;
      key[k++] = t.extent.id;
      walk.scalars[value++] = t;
    } else {
      key[k++] = STORED_MARK - t.type;
      key[k++] = t.extent.id;
      walk.leaves[leaf++] = t;
    }
    if (k + 8 > key.length) {
      reserve(k + 8);
      key = walk.key;
    }
  }
  walk.leafCount = leaf;
  walk.scalarCount = value;
  walk.keyLength = k;
}

function reserve(length: number): void {
  if (length <= walk.key.length) return;
  const larger = new Int32Array(Math.max(length, walk.key.length * 2));
  larger.set(walk.key);
  walk.key = larger;
}

/** Lets go of the last graph: scratch must not keep it alive. */
export function releaseWalk(): void {
  const { nodes, leaves, scalars } = walk;
  for (let i = 0; i < walk.count; i++) nodes[i] = null as never;
  for (let i = 0; i < walk.leafCount; i++) leaves[i] = null as never;
  for (let i = 0; i < walk.scalarCount; i++) scalars[i] = null as never;
  if (nodes.length > 8192) nodes.length = 0;
  stack.length = 0;
  walk.count = walk.leafCount = walk.scalarCount = 0;
  if (walk.pending.length > 0) walk.pending.length = 0;
  if (walk.sources.length > 0) walk.sources.length = 0;
}
