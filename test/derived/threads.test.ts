// Derived from every op's entry: on inputs large enough to be split, 1, 2 and 3 threads give the same bits, forward and backward.

import { createHash } from 'node:crypto';
import { afterAll, describe, expect, it } from 'vitest';
import { FLOAT32, FLOAT64, isFloat, nameOf } from '../../lib/dtype.js';
import { gradientsOf } from '../../lib/graph/gradient.js';
import { apply, type Op, type SampleCase } from '../../lib/graph/op.js';
import { evaluateSync, setThreads, stats, sum } from '../../lib/index.js';
import type { AnyTensor, Tensor } from '../../lib/tensor.js';
import { casesOf, generator, inputType, numbersFor, opsUnderTest, tensorOf, typesOf, variableOf } from './cases.js';

const { threads } = stats();
afterAll(() => setThreads(threads));

const sizeOf = (shape: readonly number[]): number => shape.reduce((a, b) => a * b, 1);

/** The case with every dimension but ones made larger, equal ones alike, until the largest input has some 200,000 elements. */
function enlarge(testCase: SampleCase): SampleCase {
  const largest = (factor: number) =>
    Math.max(...testCase.inputs.map((s) => sizeOf(s.shape.map((d) => (d > 1 ? d * factor : d)))));
  let factor = 1;
  while (largest(factor + 1) <= 200_000 && factor < 20_000) factor++;
  return {
    ...testCase,
    inputs: testCase.inputs.map((s) => ({ ...s, shape: s.shape.map((d) => (d > 1 ? d * factor : d)) })),
  };
}

/** Views have no kernel, and their attribute is a shape, which cannot be made larger with the inputs. */
const kernels = opsUnderTest().filter((op) => op.view === undefined && typesOf(op).some(isFloat));

for (const op of kernels) {
  describe(op.name, () => {
    const testCase = [...casesOf(op)]
      .reverse()
      .find((c) => c.inputs.every((s) => sizeOf(s.shape) > 0) && c.inputs.some((s) => sizeOf(s.shape) > 1))!;
    for (const type of typesOf(op).filter((t) => isFloat(t))) {
      it(`${nameOf(type)}: the value and its gradients`, () => {
        const large = enlarge(testCase);
        const next = generator(5);
        // A thousand numbers, again and again: drawing each would take longer than the test.
        const few = { ...large, inputs: large.inputs.map((s) => ({ ...s, shape: [1009] })) };
        const numbers = large.inputs.map((s, i) => {
          const drawn = numbersFor(op, few, i, type, next);
          return Float64Array.from({ length: sizeOf(s.shape) }, (_, k) => drawn[k % drawn.length]!);
        });
        const run = (n: number): unknown[] => {
          setThreads(n);
          return compute(op, large, type, numbers);
        };
        const alone = run(1);
        expect(run(2)).toEqual(alone);
        expect(run(3)).toEqual(alone);
      });
    }
  });
}

function compute(op: Op, testCase: SampleCase, type: number, numbers: Float64Array[]): unknown[] {
  const inputs = testCase.inputs.map((input, i) => {
    const t = inputType(op, testCase, i, type);
    return isFloat(t) ? variableOf(numbers[i]!, input.shape, t) : tensorOf(numbers[i]!, input.shape, t);
  });
  const y = apply(op, inputs, testCase.attr ?? 0);
  const grads = y.needsGrad
    ? gradientsOf(
        sum(y as unknown as Tensor<number[], 'float64'>) as AnyTensor,
        inputs.filter((x) => x.needsGrad),
        null,
      ).filter((g) => g !== null)
    : [];
  evaluateSync(y, ...grads);
  // Digests: comparing a million elements one by one takes the test runner longer than the ops.
  return [y, ...grads].map((t) =>
    createHash('sha1')
      .update(t.dataSync() as Float32Array)
      .digest('hex'),
  );
}

it('covers both float types', () => {
  expect(kernels.some((op) => typesOf(op).includes(FLOAT32) && typesOf(op).includes(FLOAT64))).toBe(true);
});
