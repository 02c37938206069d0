// Seed in, bits out: what the weights of two networks have become is the same to the last bit on one thread and on two, in a loop written by
// hand, compiled and in a fit. Each in processes of its own, since the instructions are chosen once a process.
// `GRADSMITH_LONG=1` takes 1,000 steps instead of a few.

import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { native } from '../../lib/runtime/native.js';

const program = fileURLToPath(new URL('./weights.mjs', import.meta.url));
const long = process.env.GRADSMITH_LONG === '1';
/** Milliseconds: these tests start many processes, on machines that may be busy. */
const PATIENCE = long ? 7_200_000 : 240_000;

interface Outcome {
  readonly sha256: string;
  readonly sample: number[];
}

async function weights(workload: string, steps: number, env: Record<string, string>): Promise<Record<string, Outcome>> {
  const { stdout } = await promisify(execFile)(process.execPath, [program, workload, String(steps)], {
    env: { ...process.env, GRADSMITH_EAGER: '', GRADSMITH_FUSE: '', ...env },
    maxBuffer: 1 << 26,
  });
  return JSON.parse(stdout);
}

/** The largest difference of two samples, relative to the larger of the two numbers and 1e-3. */
function difference(a: Outcome, b: Outcome): number {
  return Math.max(
    ...a.sample.map((x, i) => Math.abs(x - b.sample[i]!) / Math.max(Math.abs(x), Math.abs(b.sample[i]!), 1e-3)),
  );
}

describe.each(native.info().isaLevels.map((isa) => [isa]))('%s', (isa) => {
  describe.each([
    ['w1', long ? 1000 : 8],
    ['w2', long ? 1000 : 4],
  ] as const)('%s', (workload, steps) => {
    it(
      `has one SHA-256 of the weights after ${steps} steps, whoever takes them, on one thread and on two`,
      async () => {
        const outcomes: Outcome[] = [];
        for (const threads of ['1', '2']) {
          outcomes.push(
            ...Object.values(await weights(workload, steps, { GRADSMITH_ISA: isa, GRADSMITH_THREADS: threads })),
          );
        }
        expect(outcomes.map((o) => o.sha256)).toEqual(outcomes.map(() => outcomes[0]!.sha256));
      },
      PATIENCE,
    );
  });
});

// A group over a product adds up in the order of the product alone, so fusing changes no bit. The eager mode has transposed matrices in memory
// of their own, and the order in which a product adds follows the strides of its operands. What that may change: a gradient is a sum of up to
// 128 terms, whose float32 rounding is up to 128 · 2^-24 of their magnitudes. Where they cancel to a hundredth, that is 8e-4 of the gradient;
// Adam divides by the gradient's size, so a weight moves by 1e-3 · (1 ± 8e-4) a step: 3e-6 in four steps, 1e-4 of a weight of 0.03.
const EAGER_BOUND = 1e-4;

describe.each(['w1', 'w2'])('%s', (workload) => {
  it(
    'has the same bits unfused, and eager differs by rounding alone',
    async () => {
      const modes = [{}, { GRADSMITH_FUSE: '0' }, { GRADSMITH_EAGER: '1' }];
      const [fused, unfused, eager] = await Promise.all(
        modes.map(async (env) => (await weights(workload, 4, env)).loop!),
      );
      expect(unfused!.sha256).toBe(fused!.sha256);
      expect(difference(fused!, eager!)).toBeLessThan(EAGER_BOUND);
    },
    PATIENCE,
  );
});
