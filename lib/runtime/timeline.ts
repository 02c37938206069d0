import { decodePlan } from '../graph/decode.js';
import { labelOf } from '../graph/listing.js';
import type { Plan } from '../graph/plan.js';
import { allJobs, drain } from './jobs.js';
import { native, SETTING_TIMELINE } from './native.js';
import { planOfNative } from './run.js';

// What the native side records of its runs, and what becomes of it: a trace file, and the times that `explain()` shows.

/** Events that find room. A step of a small plan makes about ten. */
const CAPACITY = 1 << 18;
const RUN = -1;

/** An event of the Trace Event Format (ph X: a complete one; M: what a thread is called). Times in microseconds. */
export interface TraceEvent {
  readonly name: string;
  readonly ph: 'X' | 'M';
  readonly pid: number;
  readonly tid: number;
  readonly ts?: number;
  readonly dur?: number;
  readonly cat?: string;
  readonly args?: Readonly<Record<string, unknown>>;
}

interface Event {
  readonly plan: number;
  readonly instruction: number;
  readonly part: number;
  readonly thread: number;
  /** Nanoseconds. */
  readonly start: number;
  readonly duration: number;
}

export interface Recorded {
  readonly traceEvents: TraceEvent[];
  /** Events that found no room. */
  readonly dropped: number;
}

export function startRecording(): void {
  drain();
  native.configure(SETTING_TIMELINE, CAPACITY);
}

/** Waits for what is queued. */
export async function stopRecording(): Promise<Recorded> {
  await allJobs();
  const numbers = native.configure(SETTING_TIMELINE, 0) ?? new Float64Array(2);
  const [thread, dropped] = [numbers[0]!, numbers[1]!];
  const events: Event[] = [];
  for (let i = 2; i < numbers.length; i += 6) {
    events.push({
      plan: numbers[i]!,
      instruction: numbers[i + 1]!,
      part: numbers[i + 2]!,
      thread: numbers[i + 3]!,
      start: numbers[i + 4]!,
      duration: numbers[i + 5]!,
    });
  }
  for (const [plan, own] of byPlan(events)) if (plan !== undefined) plan.times = timesOf(plan, own);
  return { traceEvents: [...threadNames(events, thread), ...traceEventsOf(events)], dropped };
}

function byPlan(events: readonly Event[]): Map<Plan | undefined, Event[]> {
  const groups = new Map<Plan | undefined, Event[]>();
  for (const e of events) {
    const plan = planOfNative(e.plan);
    const group = groups.get(plan);
    if (group === undefined) groups.set(plan, [e]);
    else group.push(e);
  }
  return groups;
}

/** Mean time a step of each instruction, from the start of its first part to the end of its last. */
function timesOf(plan: Plan, events: readonly Event[]): Float64Array {
  return Float64Array.from(plan.names, (_, i) => {
    // The k-th event of a part belongs to the k-th step.
    const seen: number[] = [];
    const steps: { start: number; end: number }[] = [];
    for (const { instruction, part, start, duration } of events) {
      if (instruction !== i) continue;
      const k = seen[part] ?? 0;
      seen[part] = k + 1;
      const step = steps[k];
      const end = start + duration;
      if (step === undefined) steps[k] = { start, end };
      else steps[k] = { start: Math.min(step.start, start), end: Math.max(step.end, end) };
    }
    return steps.reduce((sum, s) => sum + s.end - s.start, 0) / Math.max(steps.length, 1);
  });
}

function threadNames(events: readonly Event[], javaScript: number): TraceEvent[] {
  const runners = new Set(events.filter((e) => e.instruction === RUN).map((e) => e.thread));
  return [...new Set(events.map((e) => e.thread))].map((tid) => {
    const name = tid === javaScript ? 'JavaScript' : runners.has(tid) ? 'executor' : `pool ${tid}`;
    return { name: 'thread_name', ph: 'M', pid: process.pid, tid, args: { name } };
  });
}

function traceEventsOf(events: readonly Event[]): TraceEvent[] {
  const origin = Math.min(...events.slice(0, 1000).map((e) => e.start), ...events.slice(-1000).map((e) => e.start));
  const labels = new Map<number, string[]>();
  const label = ({ plan, instruction }: Event): string => {
    if (instruction === RUN) return `run of plan ${plan}`;
    let known = labels.get(plan);
    if (known === undefined) {
      const words = planOfNative(plan)?.words;
      known = words === undefined ? [] : decodePlan(words).instructions.map(labelOf);
      labels.set(plan, known);
    }
    return known[instruction] ?? `instruction ${instruction}`;
  };
  return events.map((e) => ({
    name: label(e),
    cat: e.instruction === RUN ? 'run' : 'instruction',
    ph: 'X' as const,
    pid: process.pid,
    tid: e.thread,
    ts: (e.start - origin) / 1000,
    dur: e.duration / 1000,
    args: { plan: e.plan, ...(e.instruction === RUN ? {} : { instruction: e.instruction, part: e.part }) },
  }));
}
