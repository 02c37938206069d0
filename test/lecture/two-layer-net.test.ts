// CS231n, lecture 4, row L22: the network in twenty lines, on the arrays that NumPy's RandomState(0) gives.

import { readFileSync } from 'node:fs';
import { afterEach, expect, test, vi } from 'vitest';
import { readNpy } from '../fixtures/npy.js';

const EXAMPLE = new URL('../../examples/two-layer-net.ts', import.meta.url);
const expected = JSON.parse(
  readFileSync(new URL('../fixtures/two-layer-net/expected.json', import.meta.url), 'utf8'),
) as {
  loss: Record<string, number>;
};

afterEach(() => {
  vi.doUnmock('gradsmith');
  vi.resetModules();
  vi.restoreAllMocks();
});

/** Runs the example as it is, but for `randn`, which gives the fixture's arrays in the order of the calls; returns every loss. */
async function run(dtype: 'float32' | 'float64'): Promise<{ losses: number[]; printed: unknown[][] }> {
  const lib = await vi.importActual<typeof import('gradsmith')>('gradsmith');
  const losses: { itemSync(): number }[] = [];
  const arrays = ['x', 'y', 'w1', 'w2'].map((name) => readNpy(`two-layer-net/${name}.npy`));
  vi.doMock('gradsmith', () => ({
    ...lib,
    randn(shape: number[]) {
      const { data, shape: stored } = arrays.shift()!;
      expect(shape).toEqual(stored);
      return lib.tensor(data, { shape, dtype });
    },
    sum(x: never) {
      const loss = lib.sum(x) as unknown as { itemSync(): number };
      losses.push(loss);
      return loss;
    },
  }));
  const log = vi.spyOn(console, 'log').mockImplementation(() => {});
  await import('../../examples/two-layer-net.js');
  return { losses: losses.map((l) => l.itemSync()), printed: log.mock.calls };
}

test.each([
  ['float64', 1e-9],
  ['float32', 1e-4],
] as const)('L22: the two-layer net in 20 lines, run verbatim in %s', async (dtype, tolerance) => {
  const lines = readFileSync(EXAMPLE, 'utf8').trimEnd().split('\n');
  expect(lines.length).toBeLessThanOrEqual(20);
  const { losses, printed } = await run(dtype);
  expect(losses.length).toBe(2000);
  for (const [step, loss] of Object.entries(expected.loss)) {
    const error = Math.abs(losses[Number(step)]! - loss) / loss;
    expect(error, `step ${step}: ${losses[Number(step)]} for ${loss}`).toBeLessThanOrEqual(tolerance);
  }
  expect(printed.length).toBe(20);
  expect(printed[1]).toEqual([100, losses[100]]);
});
