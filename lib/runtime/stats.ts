import { GradsmithError } from '../errors.js';
import { planCache } from '../graph/cache.js';
import { jobCount } from './jobs.js';
import { native, SETTING_THREADS } from './native.js';
import { workDone } from './work.js';

const MAX_THREADS = 256;

export interface Stats {
  /** Plans built since the start, and look-ups that found one. */
  readonly plansBuilt: number;
  readonly planHits: number;
  /** Runs of plans, each of one or more steps. */
  readonly runs: number;
  /**
   * Bytes that the instructions of those runs have read and written, and their FLOPs, whichever cache or register has served them: a result
   * that is never in memory counts nothing, an element that is broadcast counts once. FLOPs count a transcendental as one.
   */
  readonly bytesRead: number;
  readonly bytesWritten: number;
  readonly flops: number;
  /** Bytes of the arenas of the plans alive. */
  readonly arenaBytes: number;
  /** Native buffers alive (parameters, state, inputs used again), and their bytes. */
  readonly liveBuffers: number;
  readonly liveBytes: number;
  readonly jobsQueued: number;
  readonly threads: number;
  /** Instruction set of the kernels: scalar, avx2, avx512 or neon. */
  readonly isa: string;
}

/**
 * Counters of the runtime of this thread.
 * @example stats().plansBuilt >= 0 // true
 */
export function stats(): Stats {
  const n = native.stats();
  return {
    plansBuilt: planCache.built,
    planHits: planCache.hits,
    runs: n.runs,
    ...workDone(),
    arenaBytes: n.arenaBytes,
    liveBuffers: n.liveBuffers,
    liveBytes: n.liveBytes,
    jobsQueued: jobCount(),
    threads: n.threads,
    isa: n.isa,
  };
}

/**
 * How many threads kernels may use, in the whole process. Never changes a result. Default: the cores that affinity and cgroup allow, or
 * GRADSMITH_THREADS.
 * @throws ERR_VALUE unless n is an integer from 1 to 256.
 */
export function setThreads(n: number): void {
  if (!Number.isInteger(n) || n < 1 || n > MAX_THREADS) {
    throw new GradsmithError('ERR_VALUE', `setThreads: expected an integer from 1 to ${MAX_THREADS}, got ${String(n)}`);
  }
  native.configure(SETTING_THREADS, n);
}
