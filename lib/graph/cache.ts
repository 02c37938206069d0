import type { AnyTensor } from '../tensor.js';
import { buildPlan, type Plan } from './plan.js';
import { walk, walkGraph } from './walk.js';

// Plans by the structure of their graph. The whole key is compared, never a hash alone. Entries hold integers only, no tensors, and
// the cache is bounded: the plan that was not used for longest goes.

interface Entry {
  readonly key: Int32Array;
  readonly plan: Plan;
  next: Entry | null;
}

const buckets = new Map<number, Entry>();
let entries = 0;
let now = 0;

export const planCache = {
  capacity: 512,
  built: 0,
  hits: 0,
  fused: process.env.GRADSMITH_FUSE !== '0',
  /** Told of each plan that leaves. */
  onEvict: null as ((plan: Plan) => void) | null,
};

/**
 * The plan for these roots, from the cache or built; null where `walk.pending` or `walk.sources` must be served first.
 * Leaves and scalars to bind are in `walk` until `releaseWalk()`.
 */
export function findPlan(
  outputs: readonly AnyTensor[],
  values: readonly AnyTensor[],
  targets: readonly AnyTensor[],
): Plan | null {
  walkGraph(outputs, values, targets);
  if (walk.pending.length > 0 || walk.sources.length > 0) return null;
  const { key, keyLength, hash } = walk;
  const bucket = hash ^ (planCache.fused ? 0 : 0x55555555);
  for (let e = buckets.get(bucket) ?? null; e !== null; e = e.next) {
    if (e.key.length === keyLength && equal(e.key, key, keyLength)) {
      planCache.hits++;
      e.plan.lastUsed = ++now;
      return e.plan;
    }
  }
  const plan = buildPlan(walk, outputs, values, targets, { fused: planCache.fused });
  planCache.built++;
  plan.lastUsed = ++now;
  buckets.set(bucket, { key: key.slice(0, keyLength), plan, next: buckets.get(bucket) ?? null });
  if (++entries > planCache.capacity) evict();
  return plan;
}

function equal(a: Int32Array, b: Int32Array, n: number): boolean {
  for (let i = 0; i < n; i++) if (a[i] !== b[i]) return false;
  return true;
}

/** Drops the least recently used eighth, so that a look over all entries happens rarely. */
function evict(): void {
  const ages: number[] = [];
  for (let e of buckets.values() as Iterable<Entry | null>) for (; e !== null; e = e.next) ages.push(e.plan.lastUsed);
  ages.sort((a, b) => a - b);
  const limit = ages[Math.floor(ages.length / 8)]!;
  for (const [hash, first] of buckets) {
    let kept: Entry | null = null;
    for (let e: Entry | null = first; e !== null; ) {
      const next: Entry | null = e.next;
      if (e.plan.lastUsed > limit) {
        e.next = kept;
        kept = e;
      } else {
        entries--;
        planCache.onEvict?.(e.plan);
      }
      e = next;
    }
    if (kept === null) buckets.delete(hash);
    else buckets.set(hash, kept);
  }
}
