import type { Unit } from './fuse.js';
import type { Lowered } from './lower.js';
import { programOf } from './program.js';
import type { View } from './view.js';

// Which units read what, and which must wait for which.

/** What a unit's product multiplies; nothing if it has none. */
export function factorsOf(values: readonly Lowered[], unit: Unit): readonly View[] {
  return unit.product < 0 ? [] : values[unit.product]!.operands;
}

/** What a unit reads element by element (an instruction: in its own way), as its operands see it. */
export function operandsOf(values: readonly Lowered[], unit: Unit, fused: boolean): View[] {
  if (unit.rows !== null) return unit.rows.inputs.filter((i) => i.scalar < 0).map((i) => i.view);
  if (unit.elementwise)
    return programOf(values, unit, fused)
      .inputs.filter((i) => i.scalar < 0 && i.view.owner !== unit.product)
      .map((i) => i.view);
  const v = values[unit.members[0]!]!;
  return v.operands.filter((_, i) => !v.scalarOperands.includes(i));
}

/** All the memory that a unit reads. */
export function readsOf(values: readonly Lowered[], unit: Unit, fused: boolean): View[] {
  return [...operandsOf(values, unit, fused), ...factorsOf(values, unit)];
}

/** Units that wait for each other, by position. */
export class Edges {
  /** What each unit reads. */
  readonly reads: (readonly View[])[];
  /** after[i]: units that wait for i. */
  readonly after: readonly Set<number>[];
  /** The unit that computes a value. */
  readonly unitOf = new Map<number, number>();

  constructor(values: readonly Lowered[], units: readonly Unit[], fused: boolean) {
    units.forEach((u, i) => {
      for (const m of u.members) this.unitOf.set(m, i);
      if (u.product >= 0) this.unitOf.set(u.product, i);
    });
    this.reads = units.map((u) => readsOf(values, u, fused));
    this.after = units.map(() => new Set());
    this.reads.forEach((views, i) => {
      for (const v of views) {
        const from = this.unitOf.get(v.owner);
        if (from !== undefined) this.after[from]!.add(i);
      }
    });
  }

  /** Does `to` wait for `from` by way of another unit? */
  reachesAround(from: number, to: number): boolean {
    return [...this.after[from]!].some((u) => u !== to && this.reaches(u, to));
  }

  private reaches(from: number, to: number): boolean {
    const seen = new Set([from]);
    const stack = [from];
    while (stack.length > 0) {
      const u = stack.pop()!;
      if (u === to) return true;
      for (const w of this.after[u]!) {
        if (seen.has(w)) continue;
        seen.add(w);
        stack.push(w);
      }
    }
    return false;
  }

  /** Does a unit outside the set wait for one of them and is waited for by another? `levels`: see below. */
  comesBack(set: ReadonlySet<number>, levels: Int32Array): boolean {
    let last = 0;
    for (const u of set) last = Math.max(last, levels[u]!);
    const seen = new Set<number>();
    const stack: number[] = [];
    for (const u of set) for (const w of this.after[u]!) if (!set.has(w)) stack.push(w);
    while (stack.length > 0) {
      const u = stack.pop()!;
      if (set.has(u)) return true;
      if (levels[u]! >= last || seen.has(u)) continue;
      seen.add(u);
      for (const w of this.after[u]!) stack.push(w);
    }
    return false;
  }

  /** For each unit a number that is larger than those of the units it waits for. */
  levels(): Int32Array {
    const levels = new Int32Array(this.after.length);
    const waits = new Int32Array(this.after.length);
    for (const set of this.after) for (const w of set) waits[w]!++;
    const ready = Array.from(waits.keys()).filter((u) => waits[u] === 0);
    while (ready.length > 0) {
      const u = ready.pop()!;
      for (const w of this.after[u]!) {
        levels[w] = Math.max(levels[w]!, levels[u]! + 1);
        if (--waits[w]! === 0) ready.push(w);
      }
    }
    return levels;
  }

  /** `to`, which reads `from`, does its work: whatever waited for one now waits for both. */
  merge(units: readonly (Unit | null)[], from: number, to: number): void {
    for (const v of this.reads[from]!) {
      const before = this.unitOf.get(v.owner);
      if (before !== undefined && this.after[before]!.delete(from)) this.after[before]!.add(to);
    }
    for (const w of this.after[from]!) if (w !== to) this.after[to]!.add(w);
    this.after[from]!.clear();
    this.reads[to] = [...this.reads[to]!, ...this.reads[from]!];
    for (const m of units[from]!.members) this.unitOf.set(m, to);
  }

  /** Makes `first` run before `second`; false where the graph says otherwise. */
  precede(first: number, second: number): boolean {
    if (this.reaches(second, first)) return false;
    this.after[first]!.add(second);
    return true;
  }
}
