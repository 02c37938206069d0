import type { Plan } from '../graph/plan.js';

/** What the runs of this thread have moved and computed: bytes read, bytes written, FLOPs. */
const done = new Float64Array(3);

/** So many steps of a plan have been run. */
export function countSteps({ work }: Plan, steps: number): void {
  done[0]! += work.bytesRead * steps;
  done[1]! += work.bytesWritten * steps;
  done[2]! += work.flops * steps;
}

export function workDone(): { bytesRead: number; bytesWritten: number; flops: number } {
  const [bytesRead, bytesWritten, flops] = done as unknown as [number, number, number];
  return { bytesRead, bytesWritten, flops };
}
