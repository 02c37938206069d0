import { GradsmithError } from '../errors.js';
import type { AnyTensor } from '../tensor.js';
import { buildPlan, type Plan } from './plan.js';
import { walk, walkGraph } from './walk.js';

// Plans by the structure of their graph. The whole key is compared, never a hash alone. Entries hold integers only, no tensors, and
// the cache is bounded: the plan that was not used for longest goes.

interface Entry {
  readonly key: Int32Array;
  readonly fused: boolean;
  readonly plan: Plan;
  next: Entry | null;
}

const buckets = new Map<number, Entry>();
/** By the length of the key: the entry that was found last. A loop asks for the same few plans again, which then takes no hash. */
const recent = new Array<Entry | null>(64).fill(null);
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
  const { key, keyLength } = walk;
  const { fused } = planCache;
  const place = keyLength & 63;
  const last = recent[place]!;
  if (last !== null && matches(last, key, keyLength, fused)) return found(last);
  const bucket = hash(key, keyLength);
  for (let e = buckets.get(bucket) ?? null; e !== null; e = e.next) {
    if (!matches(e, key, keyLength, fused)) continue;
    recent[place] = e;
    return found(e);
  }
  checkTargets(targets);
  const plan = buildPlan(walk, outputs, values, targets, { fused });
  planCache.built++;
  plan.lastUsed = ++now;
  const entry = { key: key.slice(0, keyLength), fused, plan, next: buckets.get(bucket) ?? null };
  buckets.set(bucket, entry);
  recent[place] = entry;
  if (++entries > planCache.capacity) evict();
  return plan;
}

function checkTargets(targets: readonly AnyTensor[]): void {
  if (new Set(targets).size === targets.length) return;
  throw new GradsmithError(
    'ERR_VALUE',
    'step: a parameter or state tensor would be overwritten twice at once; give each to one optimizer, and take one step a time',
  );
}

function found({ plan }: Entry): Plan {
  planCache.hits++;
  plan.lastUsed = ++now;
  return plan;
}

function matches(e: Entry, key: Int32Array, n: number, fused: boolean): boolean {
  const own = e.key;
  if (own.length !== n || e.fused !== fused) return false;
  for (let i = 0; i < n; i++) if (own[i] !== key[i]) return false;
  return true;
}

function hash(key: Int32Array, n: number): number {
  let h = 0;
  for (let i = 0; i < n; i++) {
    h = Math.imul(h ^ key[i]!, 0x9e3779b1);
    h ^= h >>> 15;
  }
  return h;
}

/** Drops the least recently used eighth, so that a look over all entries happens rarely. */
function evict(): void {
  recent.fill(null);
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
