import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { GradsmithError } from '../errors.js';
import { INSTRUCTIONS, MICRO_OPS } from '../graph/instructions.js';
import { LIMITS } from '../graph/limits.js';

// Loads the addon; the only file that does. Everything here blocks briefly or not at all unless it says so. Errors are `Error`s with the
// code ERR_NATIVE.

/** A plan after verification. */
export interface NativePlan {
  readonly id: number;
  /** Estimated time of a step on one core, in nanoseconds. */
  readonly costNs: number;
  readonly arenaBytes: number;
}

/** Why a run ended before its last step: `status` 1, an index in the data is out of range; 2, aborted; 3, out of memory. */
export interface NativeFault {
  readonly status: number;
  /** Whole steps that are done. */
  readonly stepsDone: number;
  /** Index of the instruction that reported the fault; -1: a window. */
  readonly instruction: number;
  /** The index that was found; 0 <= value < limit was expected. */
  readonly value: number;
  readonly limit: number;
}

export interface NativeInfo {
  /** Changes whenever an export does. */
  readonly abi: number;
  /** The level of SIMD instructions in use, and those that this CPU has. */
  readonly isa: string;
  readonly isaLevels: readonly string[];
  readonly threads: number;
  /** Instructions in the order of their opcodes, which start at 1. */
  readonly instructions: readonly string[];
  /** Micro-ops of elementwise groups by code. */
  readonly microOps: readonly string[];
  readonly limits: {
    readonly maxRank: number;
    readonly maxGroupOps: number;
    readonly maxGroupInputs: number;
    readonly maxGroupOutputs: number;
    readonly maxRowSteps: number;
    readonly maxRowValues: number;
    readonly maxRowColumns: number;
  };
}

export interface NativeStats {
  /** Buffers that have a handle, and their bytes. */
  readonly liveBuffers: number;
  readonly liveBytes: number;
  /** What the process holds from the system for buffers and arenas, idle blocks included. */
  readonly poolBytes: number;
  /** Plans that have an id, and the bytes of their arenas. */
  readonly plans: number;
  readonly arenaBytes: number;
  /** Jobs that were queued and have not been reported yet. */
  readonly jobsQueued: number;
  /** Runs so far, whatever their number of steps. */
  readonly runs: number;
  readonly isa: string;
  readonly threads: number;
}

/** `status` is 0 or a NativeFault's; with 0 the next three mean nothing. */
export type CompletionCallback = (
  jobId: number,
  status: number,
  stepsDone: number,
  instruction: number,
  value: number,
  limit: number,
) => void;

type Arrays = readonly ArrayBufferView[] | null;

/**
 * The addon's exports, at most 16. All of them belong to the environment (main thread or worker) that loaded them, but for the number of
 * threads, which is the process's.
 *
 * A run takes the plan's buffers, in the order of its table, from the shared `handles`: `handles[i] >= 0` is a buffer's handle,
 * `handles[i] < 0` is `arrays[-1 - handles[i]]`, a typed array of exactly the buffer's type and length, read or written in place. The
 * arrays of a queued job must not be transferred or shrunk before it is done. Nothing may be listed twice.
 *
 * Step k of a run reads row k of `scalarRows` and writes row k of `valueRows`. Without them there is one row, in the shared `scalars` and
 * `values`.
 */
export interface NativeAddon {
  info(): NativeInfo;
  stats(): NativeStats;
  /**
   * Sets SETTING_THREADS, the threads that an instruction is split over (the calling one included, 1 to 256, for the whole process), or
   * SETTING_TIMELINE, how many events of later runs are recorded; 0 stops. The second blocks until the queue is empty and returns what has
   * been recorded before: this thread's number, how many events found no place, and six numbers for each event: plan, instruction (-1: the
   * whole run), part, thread, start and duration in nanoseconds.
   */
  configure(setting: number, value: number): Float64Array | undefined;

  /** Zero-filled memory, 64-byte aligned; returns its handle. The halves of a large matrix of `rows` rows lie in pages of their own. */
  createBuffer(bytes: number, rows?: number): number;
  /** Jobs that use the buffer keep its memory until they are done. */
  releaseBuffer(handle: number): void;
  /** Copies into a buffer. Blocks while queued jobs use it. */
  writeBuffer(handle: number, from: ArrayBufferView, byteOffset?: number): void;
  /** Copies from a buffer. Blocks while queued jobs use it. */
  readBuffer(handle: number, into: ArrayBufferView, byteOffset?: number): void;

  /** Verifies and prepares a plan; an error says which instruction is wrong, and why. */
  createPlan(words: Int32Array): NativePlan;
  /** Jobs that run the plan keep it until they are done. */
  releasePlan(id: number): void;

  /** The persistent arrays that runs use by pointer; call again when they have been replaced. */
  bindShared(handles: Int32Array, scalars: Float64Array, values: Float64Array): void;
  /** Blocks until the queue is empty (completions are reported later), if the plan has inputs or state, then runs. Returns undefined if all steps are done. */
  runSync(
    plan: number,
    arrays?: Arrays,
    steps?: number,
    scalarRows?: Float64Array,
    valueRows?: Float64Array,
  ): NativeFault | undefined;

  /**
   * Queues a run. Handles and the shared scalars are read now; `scalarRows` are read and `valueRows` written as steps run. If the job
   * `after`, which was queued before, ends before its last step, this one does no step and is reported as aborted.
   */
  enqueue(
    plan: number,
    jobId: number,
    arrays?: Arrays,
    steps?: number,
    scalarRows?: Float64Array,
    valueRows?: Float64Array,
    after?: number,
  ): void;
  /** Called once for each job, in order, from the event loop or from `drain`, with the job's values in the shared array unless it has rows. */
  onComplete(callback: CompletionCallback): void;
  /** Stops a job before its next step. False if it is done or unknown. */
  cancel(jobId: number): boolean;
  /** Blocks until every job is done, and reports them. */
  drain(): void;
  /** Steps that a queued or running job has done; -1 if it is done or unknown. */
  progress(jobId: number): number;
}

export const SETTING_THREADS = 0;
export const SETTING_TIMELINE = 1;

const ABI = 4;

/** Where package.json is: two folders up from lib/runtime as from dist/runtime. */
const root = fileURLToPath(new URL('../..', import.meta.url));

function load(): NativeAddon {
  const require = createRequire(import.meta.url);
  let addon: NativeAddon;
  try {
    addon = require('node-gyp-build')(root);
  } catch (cause) {
    throw new GradsmithError('ERR_NATIVE', loadMessage(cause), { cause });
  }
  checkAgreement(addon.info());
  return addon;
}

function loadMessage(cause: unknown): string {
  const text = cause instanceof Error ? cause.message : String(cause);
  // Settings that make no sense are reported by the addon itself, which is there.
  if (text.startsWith('GRADSMITH_')) return text;
  return `the native addon could not be loaded (build it with \`npx gradsmith build\`): ${text}`;
}

/** Throws unless both sides know the same instructions, micro-ops and limits. */
export function checkAgreement(info: NativeInfo): void {
  same('ABI', [info.abi], [ABI]);
  same('instructions', info.instructions, INSTRUCTIONS);
  same('micro-ops', info.microOps, MICRO_OPS);
  const { maxGroupOps, maxGroupInputs, maxGroupOutputs, maxRowSteps, maxRowValues, maxRowColumns } = info.limits;
  same(
    'limits',
    [maxGroupOps, maxGroupInputs, maxGroupOutputs, maxRowSteps, maxRowValues, maxRowColumns],
    [LIMITS.groupOps, LIMITS.groupInputs, LIMITS.groupOutputs, LIMITS.rowSteps, LIMITS.rowValues, LIMITS.rowColumns],
  );
}

function same(what: string, native: readonly unknown[], ours: readonly unknown[]): void {
  const [a, b] = [native.join(' '), ours.join(' ')];
  if (a === b) return;
  throw new GradsmithError(
    'ERR_NATIVE',
    `the native addon is of another version: its ${what} are ${a}, expected ${b} (rebuild it)`,
  );
}

export const native: NativeAddon = load();
