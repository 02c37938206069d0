import type { AnyTensor } from '../tensor.js';
import { Edges } from './edges.js';
import { encode } from './encode.js';
import { attachProducers } from './epilogue.js';
import { fuse } from './fuse.js';
import { importGraph } from './ir.js';
import { lower } from './lower.js';
import { placeValues } from './memory.js';
import { fuseRows } from './rows.js';
import { schedule } from './schedule.js';
import { simplify } from './simplify.js';
import type { View } from './view.js';
import type { Walk } from './walk.js';
import type { Work } from './work.js';

/** Where a run finds the result of one output. */
export interface OutputSpec {
  /** Index among the plan's values if it has one element, else -1. */
  readonly value: number;
  /** Index among the plan's output buffers, else -1. */
  readonly buffer: number;
}

/** A plan: the words that native code verifies and runs, and how to bind a run to it. Holds no tensor. */
export interface Plan {
  readonly words: Int32Array;
  /** Of each instruction, for messages. */
  readonly names: readonly string[];
  readonly leafCount: number;
  readonly scalarCount: number;
  readonly valueCount: number;
  readonly outputs: readonly OutputSpec[];
  readonly outputBuffers: readonly { readonly type: number; readonly elements: number }[];
  /** For the runtime: what a step moves and computes, once somebody has asked, and the steps that it has not counted yet. */
  work: Work | null;
  uncounted: number;
  /** Filled in by the runtime: the native plan, and its estimated cost in nanoseconds. */
  native: number;
  cost: number;
  /** Nanoseconds that each instruction has taken a step in the last profile. */
  times: Float64Array | null;
  /** For the cache. */
  lastUsed: number;
}

export interface PlanOptions {
  /** Join elementwise ops into groups? Off only to test that it changes nothing. */
  readonly fused: boolean;
}

export function buildPlan(
  w: Walk,
  outputs: readonly AnyTensor[],
  values: readonly AnyTensor[],
  targets: readonly AnyTensor[],
  { fused }: PlanOptions,
): Plan {
  const leaves = w.leaves.slice(0, w.leafCount).map((t) => ({ type: t.type, elements: t.extent.size }));
  const graph = lower(simplify(importGraph(w, outputs, values, targets)));
  const edges = new Edges(graph.values, fuse(graph, fused), fused);
  if (fused) {
    fuseRows(graph, edges);
    attachProducers(graph, edges);
  }
  const order = schedule(graph, edges);

  const outputBuffers: { type: number; elements: number }[] = [];
  const bufferOf = new Map<number, number>();
  const singles: View[] = [];
  const specs = outputs.map((t, i): OutputSpec => {
    const view = graph.outputs[i]!;
    if (t.extent.size === 1) return { value: singles.push(view) - 1, buffer: -1 };
    const buffer = outputBuffers.push({ type: t.type, elements: t.extent.size }) - 1;
    bufferOf.set(view.owner, leaves.length + buffer);
    return { value: -1, buffer };
  });
  const memory = placeValues(graph, order, bufferOf, fused);
  const { words, names } = encode({
    graph,
    schedule: order,
    memory,
    leaves,
    outputs: outputBuffers,
    values: singles,
    fused,
  });
  return {
    words,
    names,
    leafCount: leaves.length,
    scalarCount: w.scalarCount,
    valueCount: singles.length,
    outputs: specs,
    outputBuffers,
    work: null,
    uncounted: 0,
    native: -1,
    cost: 0,
    times: null,
    lastUsed: 0,
  };
}
