import { type Edges, producerReads } from './edges.js';
import type { Unit } from './fuse.js';
import { LEAF, type Lowered, type LoweredGraph } from './lower.js';
import { isWhole } from './program.js';
import { mayOverwrite } from './row-program.js';
import type { View } from './view.js';

// In which order units run, and which updates may write over their parameter at once instead of at the end.

export interface Schedule {
  readonly units: readonly Unit[];
  /** Slot of the leaf that a value is written over in place. */
  readonly inPlace: ReadonlyMap<number, number>;
  /** Updates that must wait for everything else: copied at the very end. */
  readonly copies: readonly { readonly value: number; readonly target: number }[];
}

export function schedule(graph: LoweredGraph, edges: Edges): Schedule {
  const { values } = graph;
  const { units, reads, unitOf } = edges;

  const readersOf = leafReaders(values, reads);
  const inPlace = new Map<number, number>();
  const copies: { value: number; target: number }[] = [];
  for (const { value, target } of graph.updates) {
    const writer = unitOf.get(value)!;
    const readers = [...(readersOf.get(target) ?? [])].filter((i) => i !== writer);
    const own = reads[writer]!.filter((v) => isLeaf(values, v.owner, target));
    const { elementwise, rows } = units[writer]!;
    const elementByElement =
      (elementwise || (rows !== null && own.every((v) => mayOverwrite(rows, values, value, v.owner)))) &&
      own.every((v) => isWhole(v, values[v.owner]!, values[value]!.dims)) &&
      !producerReads(values, units[writer]!).some((v) => isLeaf(values, v.owner, target));
    if ((own.length === 0 || elementByElement) && readers.every((r) => edges.precede(r, writer)))
      inPlace.set(value, target);
    else copies.push({ value, target });
  }

  // What may fail because of the data runs before anything is overwritten; an update that it depends on, or that it is, waits for the end.
  const fallible = units.flatMap((u, i) => (u?.members.some((m) => values[m]!.fallible) ? [i] : []));
  for (const [value, target] of inPlace) {
    if (fallible.every((f) => edges.precede(f, unitOf.get(value)!))) continue;
    inPlace.delete(value);
    copies.push({ value, target });
  }

  return { units: order(units, edges.after), inPlace, copies };
}

/** By the slot of a leaf, the units that read it. */
function leafReaders(values: readonly Lowered[], reads: readonly (readonly View[])[]): Map<number, Set<number>> {
  const readers = new Map<number, Set<number>>();
  reads.forEach((views, i) => {
    for (const { owner } of views) {
      const { kind, slot } = values[owner]!;
      if (kind !== LEAF) continue;
      const known = readers.get(slot);
      if (known === undefined) readers.set(slot, new Set([i]));
      else known.add(i);
    }
  });
  return readers;
}

function isLeaf(values: readonly Lowered[], k: number, slot: number): boolean {
  return values[k]!.kind === LEAF && values[k]!.slot === slot;
}

/** Topological order that keeps to the order of the program where it can: results are used soon after they are made. */
function order(units: readonly (Unit | null)[], after: readonly Set<number>[]): Unit[] {
  const waiting = new Array<number>(units.length).fill(0);
  for (const next of after) for (const w of next) waiting[w]!++;
  const last = (i: number) => units[i]!.members[units[i]!.members.length - 1]!;
  const ready = units.flatMap((u, i) => (u !== null && waiting[i] === 0 ? [i] : []));
  const result: Unit[] = [];
  while (ready.length > 0) {
    let best = 0;
    for (let i = 1; i < ready.length; i++) if (last(ready[i]!) < last(ready[best]!)) best = i;
    const u = ready.splice(best, 1)[0]!;
    result.push(units[u]!);
    for (const w of after[u]!) if (--waiting[w]! === 0) ready.push(w);
  }
  if (result.length < units.filter((u) => u !== null).length) throw new Error('schedule: units wait for each other');
  return result;
}
