import type { Unit } from './fuse.js';
import type { Lowered } from './lower.js';
import { programOf } from './program.js';
import type { View } from './view.js';

// Which units read what, and which must wait for which.

/** What a unit's product multiplies or its reduction reduces; nothing if it has none. */
export function producerReads(values: readonly Lowered[], unit: Unit): readonly View[] {
  return unit.producer < 0 ? [] : values[unit.producer]!.operands;
}

/** What a unit reads element by element (an instruction: in its own way), as its operands see it. */
export function operandsOf(values: readonly Lowered[], unit: Unit, fused: boolean): View[] {
  if (unit.rows !== null) return unit.rows.inputs.filter((i) => i.scalar < 0).map((i) => i.view);
  if (unit.elementwise)
    return programOf(values, unit, fused)
      .inputs.filter((i) => i.scalar < 0 && i.view.owner !== unit.producer)
      .map((i) => i.view);
  const v = values[unit.members[0]!]!;
  return v.operands.filter((_, i) => !v.scalarOperands.includes(i));
}

/** All the memory that a unit reads. */
export function readsOf(values: readonly Lowered[], unit: Unit, fused: boolean): View[] {
  return [...operandsOf(values, unit, fused), ...producerReads(values, unit)];
}

/** Units by position, and which wait for each other. Built once a plan: passes that join units keep it true. */
export class Edges {
  /** Null where another unit has taken over the work. */
  readonly units: (Unit | null)[];
  /** What each unit reads. */
  readonly reads: (readonly View[])[];
  /** after[i]: units that wait for i. */
  readonly after: Set<number>[];
  /** The unit that computes a value. */
  readonly unitOf = new Map<number, number>();
  /** For each unit a number that is larger than those of the units it waits for. */
  private readonly levels: Int32Array;

  constructor(
    private readonly values: readonly Lowered[],
    units: readonly Unit[],
    private readonly fused: boolean,
  ) {
    this.units = [...units];
    units.forEach((u, i) => {
      for (const m of u.members) this.unitOf.set(m, i);
    });
    this.reads = units.map((u) => readsOf(values, u, fused));
    this.after = units.map(() => new Set());
    this.reads.forEach((views, i) => {
      for (const v of views) {
        const from = this.unitOf.get(v.owner);
        if (from !== undefined) this.after[from]!.add(i);
      }
    });
    this.levels = this.findLevels();
  }

  private findLevels(): Int32Array {
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

  /** Those that wait for u, and so on, stand above it again. */
  private raiseAfter(u: number): void {
    const stack = [u];
    while (stack.length > 0) {
      const v = stack.pop()!;
      for (const w of this.after[v]!) {
        if (this.levels[w]! > this.levels[v]!) continue;
        this.levels[w] = this.levels[v]! + 1;
        stack.push(w);
      }
    }
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
      if (this.levels[u]! >= this.levels[to]!) continue;
      for (const w of this.after[u]!) {
        if (seen.has(w)) continue;
        seen.add(w);
        stack.push(w);
      }
    }
    return false;
  }

  /** Does a unit outside the set wait for one of them and is waited for by another? */
  comesBack(set: ReadonlySet<number>): boolean {
    let last = 0;
    for (const u of set) last = Math.max(last, this.levels[u]!);
    const seen = new Set<number>();
    const stack: number[] = [];
    for (const u of set) for (const w of this.after[u]!) if (!set.has(w)) stack.push(w);
    while (stack.length > 0) {
      const u = stack.pop()!;
      if (set.has(u)) return true;
      if (this.levels[u]! >= last || seen.has(u)) continue;
      seen.add(u);
      for (const w of this.after[u]!) stack.push(w);
    }
    return false;
  }

  /** `unit` does the work of the whole set, in the place of `at`, which is one of them: whatever waited for one now waits for all. */
  join(set: ReadonlySet<number>, at: number, unit: Unit): void {
    const after = new Set<number>();
    for (const u of set) {
      for (const w of this.after[u]!) if (!set.has(w)) after.add(w);
      for (const { owner } of this.reads[u]!) {
        const before = this.unitOf.get(owner);
        if (before === undefined || set.has(before)) continue;
        this.after[before]!.delete(u);
        this.after[before]!.add(at);
      }
      this.levels[at] = Math.max(this.levels[at]!, this.levels[u]!);
    }
    for (const u of set) {
      for (const m of this.units[u]!.members) this.unitOf.set(m, at);
      this.units[u] = null;
      this.reads[u] = [];
      this.after[u] = new Set();
    }
    this.units[at] = unit;
    this.reads[at] = readsOf(this.values, unit, this.fused);
    this.after[at] = after;
    this.raiseAfter(at);
  }

  /** Makes `first` run before `second`; false where the graph says otherwise. */
  precede(first: number, second: number): boolean {
    if (this.reaches(second, first)) return false;
    this.after[first]!.add(second);
    this.raiseAfter(first);
    return true;
  }
}
