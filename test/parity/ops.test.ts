// Every op's value and gradients in float64, against PyTorch's (generate.py).

import { describe, expect, test } from 'vitest';
import { distance } from '../fixtures/parity.js';
import { call, cases, gradientsOf, inputsOf } from './cases.js';

const TOLERANCE = 1e-13; // both compute in float64; sums of up to 24 terms in another order

describe.each(cases.map((c) => [c.name, c] as const))('%s', (_, c) => {
  test('equals PyTorch', async () => {
    const inputs = inputsOf(c);
    const value = call(c, inputs);
    expect(value.shape).toEqual(c.value.shape);
    expect(distance(await value.data(), c.value.data.map(Number))).toBeLessThanOrEqual(TOLERANCE);
    if (c.gradients === undefined) return;
    const expected = c.gradients.filter((g) => g !== null);
    const { gradients } = gradientsOf(c, inputs, value);
    for (const [i, g] of gradients.entries()) {
      expect(g.shape).toEqual(expected[i]!.shape);
      expect(distance(await g.data(), expected[i]!.data), `gradient ${i}`).toBeLessThanOrEqual(TOLERANCE);
    }
  });
});
