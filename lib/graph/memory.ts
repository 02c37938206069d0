import { sizeOf } from '../dtype.js';
import { producerReads, readsOf } from './edges.js';
import type { LoweredGraph } from './lower.js';
import { isWhole } from './program.js';
import { mayOverwrite } from './row-program.js';
import type { Schedule } from './schedule.js';
import { sizeOfDims } from './view.js';

// Where values live: parameters and results in their own buffers, everything else in one arena, placed so that values which are never
// alive together share memory.

export const ARENA = -1;

export interface Place {
  /** Index in the plan's table of buffers, or ARENA. */
  readonly buffer: number;
  /** Bytes. */
  readonly offset: number;
}

export interface Memory {
  readonly places: ReadonlyMap<number, Place>;
  readonly arenaBytes: number;
}

interface Block {
  readonly bytes: number;
  readonly start: number;
  end: number;
  offset: number;
}

const ALIGNMENT = 64;

/** `outputBuffers`: values that are results with a buffer of their own, and which. */
export function placeValues(
  graph: LoweredGraph,
  plan: Schedule,
  outputBuffers: ReadonlyMap<number, number>,
  fused: boolean,
): Memory {
  const { values } = graph;
  const places = new Map<number, Place>();
  const reads = plan.units.map((u) => readsOf(values, u, fused));
  const end = plan.units.length;
  const lastRead = new Map<number, number>();
  reads.forEach((views, t) => views.forEach((v) => lastRead.set(v.owner, t)));
  for (const o of graph.outputs) lastRead.set(o.owner, end);
  for (const c of plan.copies) lastRead.set(c.value, end);

  const blocks = new Map<number, Block>();
  plan.units.forEach((unit, t) => {
    const taken = new Set<Block>();
    // A product reads its factors, and a reduction what it reduces, while results are written.
    for (const f of producerReads(values, unit)) if (blocks.has(f.owner)) taken.add(blocks.get(f.owner)!);
    for (const k of unit.outputs) {
      const own = plan.inPlace.get(k) ?? outputBuffers.get(k);
      if (own !== undefined) {
        places.set(k, { buffer: own, offset: 0 });
        continue;
      }
      const v = values[k]!;
      const bytes = sizeOfDims(v.dims) * sizeOf(v.type);
      const until = lastRead.get(k) ?? t;
      // The memory of an operand that nobody needs after this unit, if it is read element by element only.
      const heir = v.inPlace
        ? reads[t]!.find((r) => {
            const block = blocks.get(r.owner);
            if (
              block === undefined ||
              block.bytes !== bytes ||
              taken.has(block) ||
              block.end !== t ||
              lastRead.get(r.owner) !== t ||
              (unit.rows !== null && !mayOverwrite(unit.rows, values, k, r.owner))
            )
              return false;
            return (
              values[r.owner]!.type === v.type &&
              reads[t]!.every((s) => blocks.get(s.owner) !== block || isWhole(s, values[s.owner]!, v.dims))
            );
          })
        : undefined;
      if (heir !== undefined) {
        const block = blocks.get(heir.owner)!;
        block.end = until;
        taken.add(block);
        blocks.set(k, block);
      } else {
        blocks.set(k, { bytes, start: t, end: until, offset: -1 });
      }
    }
  });

  const arenaBytes = pack([...new Set(blocks.values())]);
  for (const [k, block] of blocks) places.set(k, { buffer: ARENA, offset: block.offset });
  return { places, arenaBytes };
}

/** Largest first, each at the lowest offset that is free for as long as it lives. Returns the bytes in all. */
function pack(blocks: Block[]): number {
  const placed: Block[] = [];
  let total = 0;
  for (const block of blocks.sort((a, b) => b.bytes - a.bytes || a.start - b.start)) {
    let offset = 0;
    for (const other of placed) {
      // `placed` is sorted by offset: move past whatever overlaps in time and space.
      if (other.end < block.start || block.end < other.start) continue;
      if (offset + block.bytes <= other.offset) break;
      offset = Math.max(offset, align(other.offset + other.bytes));
    }
    block.offset = offset;
    placed.splice(firstBehind(placed, offset), 0, block);
    total = Math.max(total, offset + block.bytes);
  }
  return align(total);
}

/** Where a block at this offset belongs among those that are sorted by it: behind its equals. */
function firstBehind(placed: readonly Block[], offset: number): number {
  let low = 0;
  let high = placed.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (placed[middle]!.offset <= offset) low = middle + 1;
    else high = middle;
  }
  return low;
}

function align(bytes: number): number {
  return Math.ceil(bytes / ALIGNMENT) * ALIGNMENT;
}
