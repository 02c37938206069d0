import { expect, test } from 'vitest';
import { Pace } from '../../lib/train/pace.js';

test('a native call takes about 50 ms, whatever a step costs; growth is bounded', () => {
  let now = 0;
  const pace = new Pace(() => now);
  const run = (stepMs: number, calls: number) => {
    let steps = 0;
    for (let i = 0; i < calls; i++) {
      steps = pace.begin();
      now += steps * stepMs;
      pace.end(steps, 32 * steps);
    }
    return steps;
  };
  expect(run(0.05, 1)).toBe(16);
  expect(pace.begin()).toBe(128);
  expect(run(0.05, 5)).toBe(1000);
  expect(pace.samplesPerSecond).toBeCloseTo(640_000, 6);
  expect(pace.secondsFor(4000)).toBeCloseTo(0.2, 9);
  expect(run(1000, 2)).toBe(1);
  expect(run(1e-9, 20)).toBeGreaterThan(1e6);
});

test('the first call, which finds cold caches, does not count; pauses count for the time left only', () => {
  let now = 0;
  const pace = new Pace(() => now);
  pace.begin();
  now += 5000;
  pace.end(16, 160);
  pace.begin();
  now += 100;
  pace.end(100, 1000);
  expect(pace.samplesPerSecond).toBeCloseTo(10_000, 6);
  now += 100;
  pace.begin();
  now += 100;
  pace.end(100, 1000);
  expect(pace.samplesPerSecond).toBeCloseTo(10_000, 6);
  expect(pace.secondsFor(1000)).toBeGreaterThan(1.3);
  expect(pace.seconds).toBe(5.3);
});

test('progress is due at once, then every 100 ms', () => {
  let now = 0;
  const pace = new Pace(() => now);
  const due = [0, 50, 60, 99, 100, 150, 210].map((t) => {
    now = t;
    return pace.due(0);
  });
  expect(due).toEqual([true, false, false, false, true, false, true]);
});

test('progress is due when a call will end late enough', () => {
  let now = 0;
  const pace = new Pace(() => now);
  expect(pace.due(16)).toBe(true);
  pace.begin();
  now += 16;
  pace.end(16, 16);
  expect(pace.due(50)).toBe(false);
  expect(pace.due(84)).toBe(true);
  now += 84;
  expect(pace.due(99)).toBe(false);
  expect(pace.due(100)).toBe(true);
});

test('a call that waits behind another takes the time from the end of that one', () => {
  let now = 0;
  const pace = new Pace(() => now);
  pace.begin();
  pace.begin();
  now += 20;
  pace.end(16, 160);
  pace.begin();
  now += 20;
  pace.end(20, 200);
  expect(pace.samplesPerSecond).toBeCloseTo(10_000, 6);
  now += 30;
  pace.end(30, 300);
  expect(pace.samplesPerSecond).toBeCloseTo(10_000, 6);
  expect(pace.begin()).toBe(50);
});
