import type { Edges } from './edges.js';
import type { Unit } from './fuse.js';
import { LIMITS } from './limits.js';
import { ELEMENTWISE, INSTRUCTION, type Lowered, type LoweredGraph } from './lower.js';
import { RowBuilder } from './row-program.js';
import { isColumnSum, isReadable, isWide, type Space, sameRows } from './row-space.js';
import { isContiguous, sizeOfDims } from './view.js';

/** Sums of the columns of longer rows stay apart: what they keep from block to block would leave the nearest caches. */
const SUMMED_COLUMNS = 4096;

// Row groups: elementwise groups and reductions over the same rows, computed together on a few rows at a time while these are in cache;
// and sums of the columns of what they read or make.
// A space is `rows` rows of `columns` elements. A value over it is wide (an element for each place) or narrow (a number a row).

/** Joins units that work on the same rows, around each reduction of rows. */
export function fuseRows(graph: LoweredGraph, edges: Edges): void {
  const { values } = graph;
  const roots = new Set([...graph.outputs.map((o) => o.owner), ...graph.updates.map((u) => u.value)]);
  const columnSums = findColumnSums();
  for (let i = 0; i < edges.units.length; i++) {
    const unit = edges.units[i]!;
    const space = unit === null || unit.rows !== null ? null : spaceOf(values, unit);
    if (space === null) continue;
    const set = grow(i, space);
    const members = [...set].flatMap((u) => edges.units[u]!.members).sort((a, b) => a - b);
    if (!members.some((k) => values[k]!.kind === ELEMENTWISE && isWide(values[k]!, space))) continue;
    const outside = new Set([...set].flatMap((u) => readOutside(u, set)));
    const outputs = members.filter((k) => roots.has(k) || outside.has(k));
    const rows = new RowBuilder(values, members, outputs, space).build();
    if (rows !== null) edges.join(set, i, { elementwise: false, members, outputs, producer: -1, rows });
  }

  /** By what they add up, the units that are sums of columns. */
  function findColumnSums(): Map<number, number[]> {
    const found = new Map<number, number[]>();
    edges.units.forEach((unit, u) => {
      const v = values[unit!.members[0]!]!;
      if (!mayJoin(v)) return;
      const { owner } = v.operands[0]!;
      found.set(owner, [...(found.get(owner) ?? []), u]);
    });
    return found;
  }

  /** What units outside the set read, of those that wait for u. */
  function readOutside(u: number, set: ReadonlySet<number>): number[] {
    return [...edges.after[u]!].flatMap((w) => (set.has(w) ? [] : edges.reads[w]!.map((v) => v.owner)));
  }

  /** The unit and all its neighbours, theirs too, that work on the same rows. */
  function grow(start: number, space: Space): Set<number> {
    const set = new Set([start]);
    for (let grown = true; grown; ) {
      grown = false;
      for (const u of neighbours(set)) {
        const unit = edges.units[u];
        if (unit == null || unit.rows !== null || !accepts(set, u, space)) continue;
        set.add(u);
        grown = true;
      }
    }
    return set;
  }

  function neighbours(set: ReadonlySet<number>): Set<number> {
    const found = new Set<number>();
    for (const u of set) {
      for (const v of edges.reads[u]!) {
        found.add(edges.unitOf.get(v.owner) ?? u);
        for (const sum of columnSums.get(v.owner) ?? []) found.add(sum);
      }
      for (const w of edges.after[u]!) found.add(w);
    }
    for (const u of set) found.delete(u);
    return found;
  }

  function accepts(set: ReadonlySet<number>, u: number, space: Space): boolean {
    const unit = edges.units[u]!;
    if (!unit.elementwise && spaceOf(values, unit) === null && !mayJoin(values[unit.members[0]!]!)) return false;
    if (unit.members.some((k) => !sameRows(values[k]!, space))) return false;
    const wider = new Set(set).add(u);
    const made = new Set([...wider].flatMap((w) => edges.units[w]!.members));
    for (const w of wider) {
      for (const k of edges.units[w]!.members) {
        for (const o of values[k]!.operands) if (!isReadable(values, k, o, made, space)) return false;
      }
    }
    return !edges.comesBack(wider);
  }
}

/** Is it a sum of columns that are not too long for a group? */
function mayJoin(v: Lowered): boolean {
  return isColumnSum(v) && isContiguous(v.operands[0]!) && v.dims.at(-1)! <= SUMMED_COLUMNS;
}

/** The rows that a unit reduces, or null if it does something else, or to rows that are too long. */
function spaceOf(values: readonly Lowered[], unit: Unit): Space | null {
  const v = values[unit.members[0]!]!;
  if (v.kind !== INSTRUCTION || (v.name !== 'reduce' && v.name !== 'softmax')) return null;
  const { dims } = v.operands[0]!;
  const columns = dims.at(-1) ?? 0;
  const size = sizeOfDims(dims);
  if (size === 0 || columns < 2 || columns > LIMITS.rowColumns) return null;
  const rows = size / columns;
  if (v.name === 'reduce' && !dims.every((d, i) => v.dims[i] === (i === dims.length - 1 ? 1 : d))) return null;
  return isContiguous(v.operands[0]!) ? { dims, rows, columns } : null;
}
