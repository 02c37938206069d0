import { LIMITS } from './limits.js';
import { ELEMENTWISE, hasMemory, INSTRUCTION, type LoweredGraph } from './lower.js';
import { buildProgram, isWhole } from './program.js';
import type { RowProgram } from './row-program.js';

// Which values are computed together. Elementwise values of one shape join the group of an operand unless that would make two groups
// wait for each other.

export interface Unit {
  readonly elementwise: boolean;
  /** Values computed here, in topological order; one for an instruction. */
  readonly members: readonly number[];
  /** Those of them that somebody outside reads: they get memory. */
  readonly outputs: readonly number[];
  /** A matrix product or a reduction that an elementwise unit works on piece by piece, while that is in cache; -1: none. */
  readonly producer: number;
  /** Elementwise groups and reductions over the same rows, and how they are computed together; null: none of that. */
  readonly rows: RowProgram | null;
}

/** Values whose results are memory that others read, and by whom (-1: handed back or written over a leaf). */
function findReaders(graph: LoweredGraph, inlined: readonly boolean[]): number[][] {
  const readers: number[][] = graph.values.map(() => []);
  graph.values.forEach((v, k) => {
    if (inlined[k]) return;
    // An inlined operand passes its reader on to what it is computed from; that is scalars and constants only, which have no memory.
    for (const o of v.operands) readers[o.owner]!.push(k);
  });
  for (const o of graph.outputs) readers[o.owner]!.push(-1);
  for (const u of graph.updates) readers[u.value]!.push(-1);
  return readers;
}

export function fuse(graph: LoweredGraph, enabled: boolean): Unit[] {
  const { values } = graph;
  const uniform = values.map((v) => enabled && v.kind === ELEMENTWISE && v.uniformOps > 0);
  const readers = findReaders(graph, uniform);
  // A uniform value is computed inside its readers; where an instruction or a root wants it in memory it also has a group of its own.
  const needsUnit = (k: number): boolean =>
    !uniform[k] || readers[k]!.some((r) => r < 0 || values[r]!.kind === INSTRUCTION);
  const groups: number[][] = [];
  const groupOf = new Array<number>(values.length).fill(-1);

  values.forEach((v, k) => {
    if (!hasMemory(v) || (v.kind !== ELEMENTWISE && v.kind !== INSTRUCTION) || !needsUnit(k)) return;
    groupOf[k] = groups.push([k]) - 1;
    if (!enabled || v.kind !== ELEMENTWISE || uniform[k]) return;
    for (const o of v.operands) {
      const g = groupOf[o.owner]!;
      const owner = values[o.owner]!;
      if (g < 0 || g === groupOf[k] || owner.kind !== ELEMENTWISE || uniform[o.owner] || !isWhole(o, owner, v.dims))
        continue;
      const merged = [...groups[g]!, ...groups[groupOf[k]!]!].sort((a, b) => a - b);
      if (!fits(merged) || waitsForItself(merged, g, groupOf[k]!)) continue;
      const from = groupOf[k]!;
      groups[g] = merged;
      groups[from] = [];
      for (const m of merged) groupOf[m] = g;
    }
  });

  function outputsOf(members: readonly number[]): number[] {
    const inside = new Set(members);
    return members.filter((m) => readers[m]!.some((r) => r < 0 || !inside.has(r)));
  }

  function fits(members: readonly number[]): boolean {
    const program = buildProgram(values, members, true);
    return (
      program.ops.length <= LIMITS.groupOps &&
      program.inputs.length <= LIMITS.groupInputs &&
      outputsOf(members).length <= LIMITS.groupOutputs
    );
  }

  /**
   * Would the members wait for each other's memory? One that sees another otherwise than element by element, as in x + transpose(x),
   * wants it finished; so does a group in between, which reads a member and is read by one.
   */
  function waitsForItself(members: readonly number[], a: number, b: number): boolean {
    const inside = new Set(members);
    for (const m of members) {
      for (const o of values[m]!.operands) {
        if (inside.has(o.owner) && !isWhole(o, values[o.owner]!, values[m]!.dims)) return true;
      }
    }
    const first = members[0]!;
    const seen = new Set<number>();
    const stack: number[] = [];
    const push = (k: number): void => {
      const g = groupOf[k]!;
      if (g < 0 || g === a || g === b || seen.has(g)) return;
      seen.add(g);
      // Whatever was numbered before the first member cannot depend on any.
      if (groups[g]![groups[g]!.length - 1]! > first) stack.push(g);
    };
    for (const m of members) for (const o of values[m]!.operands) push(o.owner);
    while (stack.length > 0) {
      for (const m of groups[stack.pop()!]!) {
        for (const o of values[m]!.operands) {
          if (inside.has(o.owner)) return true;
          push(o.owner);
        }
      }
    }
    return false;
  }

  return groups
    .filter((members) => members.length > 0)
    .map((members) => ({
      elementwise: values[members[0]!]!.kind === ELEMENTWISE,
      members,
      outputs: outputsOf(members),
      producer: -1,
      rows: null,
    }));
}
