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
}

async function weights(workload: string, steps: number, env: Record<string, string>): Promise<Record<string, Outcome>> {
  const { stdout } = await promisify(execFile)(process.execPath, [program, workload, String(steps)], {
    env: { ...process.env, GRADSMITH_EAGER: '', GRADSMITH_FUSE: '', ...env },
    maxBuffer: 1 << 26,
  });
  return JSON.parse(stdout);
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

// A group over a product adds up in the order of the product alone, and the eager mode reads the same memory by the same strides: neither
// changes a bit.
describe.each(['w1', 'w2'])('%s', (workload) => {
  it(
    'has the same bits unfused, and in the eager mode',
    async () => {
      const modes = [{}, { GRADSMITH_FUSE: '0' }, { GRADSMITH_EAGER: '1' }];
      const outcomes = await Promise.all(
        modes.map(async (env) => (await weights(workload, long ? 1000 : 4, env)).loop!.sha256),
      );
      expect(outcomes).toEqual(outcomes.map(() => outcomes[0]));
    },
    PATIENCE,
  );
});
