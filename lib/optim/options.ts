import { GradsmithError } from '../errors.js';

/** An option that must be a finite number >= 0. Throws ERR_VALUE, naming both. */
export function checkAtLeast0(optimizer: string, option: string, value: number): number {
  if (Number.isFinite(value) && value >= 0) return value;
  throw new GradsmithError('ERR_VALUE', `${optimizer}: expected ${option} >= 0, got ${String(value)}`);
}

/** An option that must lie in [0, 1). Throws ERR_VALUE, naming both. */
export function checkBelow1(optimizer: string, option: string, value: number): number {
  if (value >= 0 && value < 1) return value;
  throw new GradsmithError('ERR_VALUE', `${optimizer}: expected ${option} in [0, 1), got ${String(value)}`);
}
