import { decodePlan } from '../graph/decode.js';
import type { Plan } from '../graph/plan.js';
import { workOfPlan } from '../graph/work.js';

/** What the runs of this thread have moved and computed: bytes read, bytes written, FLOPs. */
const done = new Float64Array(3);

/** Plans with steps that are not in `done` yet: reading a plan's words takes time that most programs can save. */
const uncounted: Plan[] = [];
const MOST_UNCOUNTED = 256;

/** So many steps of a plan have been run. */
export function countSteps(plan: Plan, steps: number): void {
  if (plan.uncounted === 0) uncounted.push(plan);
  plan.uncounted += steps;
  if (uncounted.length > MOST_UNCOUNTED) countAll();
}

function countAll(): void {
  for (const plan of uncounted) {
    plan.work ??= workOfPlan(decodePlan(plan.words));
    done[0]! += plan.work.bytesRead * plan.uncounted;
    done[1]! += plan.work.bytesWritten * plan.uncounted;
    done[2]! += plan.work.flops * plan.uncounted;
    plan.uncounted = 0;
  }
  uncounted.length = 0;
}

export function workDone(): { bytesRead: number; bytesWritten: number; flops: number } {
  countAll();
  const [bytesRead, bytesWritten, flops] = done as unknown as [number, number, number];
  return { bytesRead, bytesWritten, flops };
}
