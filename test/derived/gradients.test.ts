// Derived from every op's entry: its gradient, and the gradient of that, against centred differences in float64.

import { describe, expect, it } from 'vitest';
import { FLOAT32, FLOAT64, isFloat, nameOf } from '../../lib/dtype.js';
import { gradientsOf } from '../../lib/graph/gradient.js';
import { apply, type Op, type SampleCase } from '../../lib/graph/op.js';
import { evaluateSync, mul, sum } from '../../lib/index.js';
import { assign } from '../../lib/runtime/parameter.js';
import type { AnyTensor, Tensor } from '../../lib/tensor.js';
import { casesOf, generator, inputType, numbersFor, opsUnderTest, tensorOf, typesOf, variableOf } from './cases.js';

type F64 = Tensor<number[], 'float64'>;
const H = 1e-5;
const describeCase = (c: SampleCase): string => c.inputs.map((s) => `[${s.shape.join(', ')}]`).join(' ');

/** sum(y · weights), with fixed weights: a scalar whose gradient sees every element of y differently. */
function weigh(y: AnyTensor, seed: number): AnyTensor {
  const next = generator(seed);
  const weights = Float64Array.from({ length: y.size }, () => next() * 2 - 1);
  return sum(mul(y as F64, tensorOf(weights, y.shape, FLOAT64) as F64)) as AnyTensor;
}

/** Centred differences of f with respect to every element of x, which is perturbed in place. */
function numerical(f: () => AnyTensor, x: AnyTensor, values: Float64Array): Float64Array {
  const at = (i: number, v: number): number => {
    const moved = values.slice();
    moved[i] = v;
    assign(x, moved);
    return f().itemSync();
  };
  const result = values.map((v, i) => (at(i, v + H) - at(i, v - H)) / (2 * H));
  assign(x, values);
  return result;
}

/** |a - n| / max(1, |a|, |n|): relative where numbers are large, absolute where they are small. */
function worst(a: ArrayLike<number>, n: ArrayLike<number>): number {
  let w = 0;
  for (let i = 0; i < n.length; i++)
    w = Math.max(w, Math.abs(a[i]! - n[i]!) / Math.max(1, Math.abs(a[i]!), Math.abs(n[i]!)));
  return w;
}

const differentiable = opsUnderTest().filter(
  (op) => (op.gradient ?? op.composed) !== undefined && typesOf(op).includes(FLOAT64),
);

function setUp(op: Op, testCase: SampleCase, seed: number) {
  const next = generator(seed);
  const numbers = testCase.inputs.map((_, i) => numbersFor(op, testCase, i, FLOAT64, next));
  const inputs = testCase.inputs.map((input, i) => {
    const type = inputType(op, testCase, i, FLOAT64);
    return isFloat(type) ? variableOf(numbers[i]!, input.shape, type) : tensorOf(numbers[i]!, input.shape, type);
  });
  const variables = inputs.map((_, i) => i).filter((i) => isFloat(inputs[i]!.type));
  return { numbers, inputs, variables, build: () => apply(op, [...inputs], testCase.attr ?? 0) };
}

for (const op of differentiable) {
  describe(op.name, () => {
    for (const [index, testCase] of casesOf(op).entries()) {
      if (testCase.inputs.some((s) => s.shape.reduce((a, b) => a * b, 1) > 40)) continue; // differences cost two runs an element
      it(`${describeCase(testCase)}: the gradient equals centred differences`, () => {
        const { numbers, inputs, variables, build } = setUp(op, testCase, index + 3);
        const loss = () => weigh(build(), 5);
        const grads = gradientsOf(
          loss(),
          variables.map((i) => inputs[i]!),
          null,
        );
        evaluateSync(...grads.filter((g) => g !== null));
        variables.forEach((i, k) => {
          const analytic = grads[k] ?? tensorOf(new Float64Array(numbers[i]!.length), inputs[i]!.shape, FLOAT64);
          expect(analytic.shape).toEqual(inputs[i]!.shape);
          expect(worst(analytic.dataSync() as Float64Array, numerical(loss, inputs[i]!, numbers[i]!))).toBeLessThan(
            1e-7,
          );
        });
      });

      it(`${describeCase(testCase)}: the gradient of the gradient equals centred differences`, () => {
        const { numbers, inputs, variables, build } = setUp(op, testCase, index + 3);
        /** A scalar made of all first gradients; null if none of them depends on a variable. */
        const slope = (): AnyTensor | null => {
          const first = gradientsOf(
            weigh(build(), 5),
            variables.map((i) => inputs[i]!),
            null,
          );
          const parts = first.flatMap((g, i) => (g?.needsGrad ? [weigh(g, 11 + i)] : []));
          return parts.length === 0 ? null : parts.reduce((a, b) => apply(addOp(), [a, b]));
        };
        const total = slope();
        if (total === null) {
          // Linear in every input: the first gradient must not change when the inputs do.
          const before = gradientsOf(
            weigh(build(), 5),
            variables.map((i) => inputs[i]!),
            null,
          ).map((g) => g?.dataSync() ?? null);
          for (const i of variables)
            assign(
              inputs[i]!,
              numbers[i]!.map((v) => v + 0.01),
            );
          const after = gradientsOf(
            weigh(build(), 5),
            variables.map((i) => inputs[i]!),
            null,
          ).map((g) => g?.dataSync() ?? null);
          expect(after).toEqual(before);
          return;
        }
        const second = gradientsOf(
          total,
          variables.map((i) => inputs[i]!),
          null,
        );
        evaluateSync(...second.filter((g) => g !== null));
        variables.forEach((i, k) => {
          const analytic = second[k]?.dataSync() ?? new Float64Array(numbers[i]!.length);
          expect(
            worst(
              analytic as Float64Array,
              numerical(() => slope()!, inputs[i]!, numbers[i]!),
            ),
          ).toBeLessThan(1e-6);
        });
      });
    }

    for (const type of [FLOAT32, FLOAT64].filter((t) => op.samples?.extreme !== undefined && typesOf(op).includes(t))) {
      it(`${nameOf(type)}: the gradient at the extremes is finite`, () => {
        const [testCase] = casesOf(op).filter((c) => c.inputs[0]!.shape.length > 0 && !c.inputs[0]!.shape.includes(0));
        const extreme = op.samples!.extreme!;
        const next = generator(99);
        const numbers = testCase!.inputs.map((_, i) => numbersFor(op, testCase!, i, type, next));
        numbers[0] = numbers[0]!.map((_, i) => extreme[i % extreme.length]!);
        const inputs = testCase!.inputs.map((input, i) => {
          const t = inputType(op, testCase!, i, type);
          return i === 0 ? variableOf(numbers[i]!, input.shape, t) : tensorOf(numbers[i]!, input.shape, t);
        });
        const [grad] = gradientsOf(sum(apply(op, inputs, testCase!.attr ?? 0) as F64) as AnyTensor, [inputs[0]!], null);
        for (const v of grad!.dataSync() as Float64Array) expect(Number.isFinite(v)).toBe(true);
      });
    }
  });
}

function addOp(): Op {
  return opsUnderTest().find((o) => o.name === 'add')!;
}
