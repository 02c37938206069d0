// Random graphs over a few parameters, evaluated fused, unfused and eagerly, and compared with a plain interpreter: whatever the passes do
// to a graph, its numbers stay. Updates read old values only, whatever they overwrite and in whatever order.

import { afterEach, describe, expect, it } from 'vitest';
import { FLOAT64, INT32 } from '../../lib/dtype.js';
import { planCache } from '../../lib/graph/cache.js';
import { allOps, apply } from '../../lib/graph/op.js';
import { evaluateSync, parameter, setEager } from '../../lib/index.js';
import { constant } from '../../lib/ops/fill.js';
import { keepBit } from '../../lib/ops/reduce.js';
import { swapLast } from '../../lib/ops/shape.js';
import { commitSync, type Update } from '../../lib/runtime/commit.js';
import { state } from '../../lib/runtime/parameter.js';
import { planFor } from '../../lib/runtime/run.js';
import { intern } from '../../lib/shape.js';
import { type AnyTensor, scalar } from '../../lib/tensor.js';
import { generator, tensorOf } from '../derived/cases.js';
import { REFERENCES } from '../derived/reference.js';

const GRAPHS = 300;
const fused = planCache.fused;
const eager = process.env.GRADSMITH_EAGER === '1';
const opNamed = new Map(allOps().map((op) => [op.name, op]));

/** A node, and what the interpreter makes of it. */
interface Known {
  readonly t: AnyTensor;
  readonly numbers: Float64Array;
}

interface RandomGraph {
  readonly nodes: Known[];
  /** Positions among the nodes. */
  readonly outputs: number[];
  /** For each leaf that is overwritten, the node it gets. */
  readonly updates: Map<number, number>;
  readonly leaves: number;
}

/** The same graph, on fresh parameters, for the same seed. */
class Builder {
  private readonly next: () => number;
  readonly nodes: Known[] = [];
  /** Of the ops that were used. */
  readonly names = new Set<string>();

  /** Ops that add many terms, too? */
  readonly summing: boolean;

  constructor(seed: number) {
    this.next = generator(seed);
    this.summing = seed % 3 > 0;
  }

  build(): RandomGraph {
    const b = 2 + this.below(4);
    // Often square: then a transposed view fits where the whole does.
    const a = this.below(3) === 0 ? b : 1 + this.below(4);
    // Two and two of one shape, so that updates can swap them; what broadcasts; and integers.
    for (const shape of [[a, b], [a, b], [b, a], [b], [a, 1], [a * b], [1, 1]]) this.leaf(shape, FLOAT64);
    this.leaf([a, b], INT32);
    if (this.below(8) === 0) this.leaf([0, b], FLOAT64);
    const leaves = this.nodes.length;
    for (let i = 0; i < 2 + this.below(4); i++) this.nodes.push(this.number(i));
    const value = this.below(3) - 1;
    this.nodes.push({
      t: constant(value, FLOAT64, this.nodes[0]!.t.extent),
      numbers: new Float64Array(a * b).fill(value),
    });
    const size = 5 + this.below(35);
    for (let i = 0; i < size; i++) this.grow();
    const outputs = Array.from({ length: 1 + this.below(5) }, () => this.below(this.nodes.length));
    return { nodes: this.nodes, outputs, updates: this.chooseUpdates(leaves), leaves };
  }

  private below(limit: number): number {
    return Math.floor(this.next() * limit);
  }

  private leaf(shape: number[], type: number): void {
    const size = shape.reduce((p, d) => p * d, 1);
    const numbers = Float64Array.from({ length: size }, () =>
      type === INT32 ? this.below(7) - 3 : Math.round(this.next() * 64) / 16 - 2,
    );
    const init = tensorOf(numbers, shape, type) as never;
    this.nodes.push({ t: (type === FLOAT64 ? parameter(init) : state(init)) as unknown as AnyTensor, numbers });
  }

  private number(i: number): Known {
    const value = this.below(16) / 8 - 1;
    return {
      t: scalar(value, i === 0 ? INT32 : FLOAT64),
      numbers: Float64Array.of(i === 0 ? Math.trunc(value) : value),
    };
  }

  /** Each leaf gets, perhaps, some node of its shape: another leaf, what was computed from itself, from others, or a constant. */
  private chooseUpdates(leaves: number): Map<number, number> {
    const updates = new Map<number, number>();
    for (let i = 0; i < leaves; i++) {
      const { extent, type } = this.nodes[i]!.t;
      const fits = [...this.nodes.keys()].filter(
        (k) => this.nodes[k]!.t.extent === extent && this.nodes[k]!.t.type === type,
      );
      if (this.below(4) > 0) updates.set(i, fits[this.below(fits.length)]!);
    }
    return updates;
  }

  private add(name: string, inputs: AnyTensor[], attr = 0): AnyTensor {
    const arrays = inputs.map((x) => ({ data: this.nodes.find((k) => k.t === x)!.numbers, dims: x.extent.dims }));
    const t = apply(opNamed.get(name)!, inputs, attr);
    const numbers = REFERENCES[name]!(arrays, t.extent.dims, attr);
    this.nodes.push({ t, numbers: t.type === INT32 ? numbers.map((v) => v | 0) : numbers });
    this.names.add(name);
    return t;
  }

  /** Recent nodes more often than old ones, so that graphs get deep. */
  private pick(type: number): AnyTensor {
    const candidates = this.nodes.filter((k) => k.t.type === type);
    const back = Math.floor(this.next() * this.next() * candidates.length);
    return candidates[candidates.length - 1 - back]!.t;
  }

  private pickOrNull(fits: (t: AnyTensor) => boolean): AnyTensor | null {
    const candidates = this.nodes.filter((k) => fits(k.t));
    return candidates.length === 0 ? null : candidates[this.below(candidates.length)]!.t;
  }

  private grow(): void {
    const kinds = [
      this.unary,
      this.binary,
      this.binary,
      this.choice,
      this.view,
      this.view,
      this.integers,
      this.reduction,
      this.product,
      this.rows,
      this.overRows,
    ];
    kinds[this.below(this.summing ? kinds.length : kinds.length - 3)]!.call(this);
    // Ints and tests find their way back.
    if (this.below(8) === 0) this.add('cast', [this.pick(INT32)], FLOAT64);
  }

  private unary(): void {
    const names = ['neg', 'abs', 'sigmoid', 'tanh', 'relu', 'stopGradient', 'copy', 'sin'];
    this.add(names[this.below(names.length)]!, [this.pick(FLOAT64)]);
  }

  private binary(): void {
    const a = this.pick(FLOAT64);
    const b = this.pickOrNull((t) => t.type === FLOAT64 && broadcasts(a, t))!;
    const names = ['add', 'sub', 'mul', 'maximum', 'minimum'];
    const name = names[this.below(names.length)]!;
    const t = this.add(name, this.below(2) === 0 ? [a, b] : [b, a]);
    // Keeps the numbers in bounds.
    if (name === 'mul') this.add('tanh', [t]);
  }

  private choice(): void {
    const a = this.pick(FLOAT64);
    const b = this.pickOrNull((t) => t.type === FLOAT64 && broadcasts(a, t))!;
    // Of values that no two ways of computing disagree about: a leaf's own.
    const [x, y] = [this.nodes[this.below(3)]!.t, this.nodes[this.below(2)]!.t];
    const test = this.add(this.below(2) === 0 ? 'less' : 'greaterEqual', x.extent === y.extent ? [x, y] : [x, x]);
    const pair = this.pickOrNull((t) => t.type === FLOAT64 && t.extent === test.extent);
    if (a.extent === b.extent && broadcasts(test, a)) this.add('where', [test, a, b]);
    else if (pair !== null)
      this.add('where', [test, pair, this.nodes[0]!.t.extent === test.extent ? this.nodes[0]!.t : pair]);
  }

  private view(): void {
    const x = this.pick(this.below(6) === 0 ? INT32 : FLOAT64);
    const { dims, rank, size } = x.extent;
    const way = this.below(4);
    if (way === 0 && rank >= 2) this.add('transpose', [x], swapLast(rank));
    else if (way === 1 && size > 0) this.add('broadcastTo', [x], intern([2, ...dims]).id);
    else if (way === 2 && rank === 3) this.add('transpose', [x], 1 | (2 << 3));
    else {
      const partner = this.pickOrNull((t) => t.extent.size === size)!;
      this.add('reshape', [x], this.below(2) === 0 ? partner.extent.id : intern([size]).id);
    }
  }

  private reduction(): void {
    const x = this.pick(FLOAT64);
    const { rank, size } = x.extent;
    if (rank === 0 || size === 0) return;
    const names = this.summing ? ['sum', 'mean', 'max', 'min'] : ['max', 'min'];
    this.add(names[this.below(names.length)]!, [x], (1 + this.below(2 ** rank - 1)) | (this.below(2) * keepBit));
  }

  private product(): void {
    const a = this.pickOrNull((t) => t.type === FLOAT64 && t.extent.rank === 2);
    const b = this.pickOrNull(
      (t) => t.type === FLOAT64 && t.extent.rank === 2 && t.extent.dims[0] === a?.extent.dims[1],
    );
    if (a === null || b === null) return;
    this.add('tanh', [this.add('matmul', [a, b])]);
  }

  private integers(): void {
    const a = this.pick(INT32);
    const b = this.pickOrNull((t) => t.type === INT32 && broadcasts(a, t))!;
    const names = ['add', 'sub', 'maximum'];
    this.add(names[this.below(names.length)]!, [a, b]);
  }

  private rows(): void {
    const x = this.pickOrNull((t) => t.type === FLOAT64 && t.extent.rank >= 2 && t.extent.size > 0)!;
    this.add(this.below(2) === 0 ? 'softmax' : 'logSoftmax', [x]);
  }

  /** A number of each row, kept or squeezed, and the row again with it; what layers that normalise are made of. */
  private overRows(): void {
    const x = this.pickOrNull((t) => t.type === FLOAT64 && t.extent.rank >= 1 && t.extent.size > 0)!;
    const { rank, dims } = x.extent;
    const names = ['sum', 'mean', 'max', 'min'];
    const of = this.below(2) === 0 ? this.add('tanh', [x]) : x;
    const kept = this.below(2) * keepBit;
    let number = this.add(names[this.below(names.length)]!, [of], (1 << (rank - 1)) | kept);
    if (this.below(2) === 0) number = this.add('sigmoid', [number]);
    if (kept === 0) number = this.add('reshape', [number], intern([...dims.slice(0, -1), 1]).id);
    const y = this.add(this.below(2) === 0 ? 'sub' : 'minimum', [x, number]);
    if (this.below(2) === 0) this.add('mul', [y, y]);
    if (this.below(2) === 0) this.add('sub', [y, this.add('mean', [y], (1 << (rank - 1)) | keepBit)]);
  }
}

function broadcasts(a: AnyTensor, b: AnyTensor): boolean {
  const [x, y] = [a.extent.dims, b.extent.dims];
  for (let i = 1; i <= Math.min(x.length, y.length); i++) {
    const [d, e] = [x[x.length - i]!, y[y.length - i]!];
    if (d !== e && d !== 1 && e !== 1) return false;
  }
  return a.extent.size * b.extent.size < 5000;
}

/** As close as another order of the same additions is, and other approximations of the same functions. */
function check(what: string, got: ArrayLike<number>, wanted: Float64Array): void {
  expect(got.length, what).toBe(wanted.length);
  for (let i = 0; i < wanted.length; i++) {
    const scale = Math.max(1, Math.abs(wanted[i]!));
    if (!(Math.abs(got[i]! - wanted[i]!) <= 1e-12 * scale))
      expect.fail(`${what}[${i}]: ${got[i]}, expected ${wanted[i]}`);
  }
}

interface Outcome {
  readonly outputs: ArrayLike<number>[];
  readonly leaves: ArrayLike<number>[];
}

function updatesOf({ nodes, updates }: RandomGraph): Update[] {
  return Array.from(updates, ([target, value]) => ({ target: nodes[target]!.t, value: nodes[value]!.t }));
}

/** All in one plan: outputs first, then the updates. */
function step(graph: RandomGraph): Outcome {
  const outputs = graph.outputs.map((k) => graph.nodes[k]!.t);
  const before = outputs.map((t) => (t.mutable ? (t.dataSync() as ArrayLike<number>) : null));
  commitSync(updatesOf(graph), outputs);
  return { outputs: outputs.map((t, i) => before[i] ?? (t.dataSync() as ArrayLike<number>)), leaves: leavesOf(graph) };
}

function leavesOf(graph: RandomGraph): ArrayLike<number>[] {
  return graph.nodes.slice(0, graph.leaves).map((k) => k.t.dataSync() as ArrayLike<number>);
}

function checkAll(graph: RandomGraph, { outputs, leaves }: Outcome): void {
  graph.outputs.forEach((k, i) => check(`output ${i} (node ${k})`, outputs[i]!, graph.nodes[k]!.numbers));
  leaves.forEach((data, i) => check(`leaf ${i}`, data, graph.nodes[graph.updates.get(i) ?? i]!.numbers));
}

const seeds = Array.from({ length: GRAPHS }, (_, seed) => seed);

describe('random graphs', () => {
  afterEach(() => {
    planCache.fused = fused;
    setEager(eager);
  });

  it('have the same numbers fused, unfused, eager and interpreted', () => {
    const modes = { fused: [true, false], unfused: [false, false], eager: [fused, true] } as const;
    for (const seed of seeds) {
      let first: Outcome | null = null;
      for (const [mode, [isFused, isEager]] of Object.entries(modes)) {
        planCache.fused = isFused;
        setEager(isEager);
        try {
          const builder = new Builder(seed);
          const graph = builder.build();
          const outcome = step(graph);
          checkAll(graph, outcome);
          // The very bits, unless an order of additions may follow the strides of what is added.
          if (first !== null && !builder.summing) expect(outcome).toEqual(first);
          first ??= outcome;
        } catch (cause) {
          throw new Error(`seed ${seed}, ${mode}: ${(cause as Error).message}`, { cause });
        }
      }
    }
  });

  it('have the same numbers when every node is an output', () => {
    setEager(false);
    for (const seed of seeds.slice(0, GRAPHS / 3)) {
      const graph = new Builder(seed).build();
      const all = graph.nodes.filter(({ t }) => t.op !== null);
      evaluateSync(...all.map(({ t }) => t));
      all.forEach(({ t, numbers }, i) => check(`seed ${seed}: node ${i}`, t.dataSync() as ArrayLike<number>, numbers));
    }
  });

  it('hold every kind of node that the passes treat in a way of its own', () => {
    setEager(false);
    const names = new Set<string>();
    let swaps = 0;
    let rowGroups = 0;
    for (const seed of seeds) {
      const builder = new Builder(seed);
      const { updates, nodes, outputs } = builder.build();
      const roots = outputs.map((k) => nodes[k]!.t).filter((t) => t.op !== null);
      const plan = { outputs: roots, values: [], targets: [], forget: false, onFailure: null };
      if (roots.length > 0) rowGroups += planFor(plan).names.filter((name) => name === 'rowGroup').length;
      for (const name of builder.names) names.add(name);
      for (const [target, value] of updates) if (value !== target && updates.get(value) === target) swaps++;
    }
    for (const name of [
      'where',
      'transpose',
      'reshape',
      'broadcastTo',
      'matmul',
      'sum',
      'max',
      'cast',
      'softmax',
      'neg',
    ]) {
      expect(names, name).toContain(name);
    }
    expect(swaps).toBeGreaterThan(5);
    if (fused) expect(rowGroups).toBeGreaterThan(50);
  });
});
