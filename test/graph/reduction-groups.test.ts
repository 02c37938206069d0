import { beforeEach, describe, expect, it } from 'vitest';
import { findPlan, planCache } from '../../lib/graph/cache.js';
import { decodePlan } from '../../lib/graph/decode.js';
import { releaseWalk } from '../../lib/graph/walk.js';
import { workOf } from '../../lib/graph/work.js';
import {
  add,
  evaluateSync,
  exp,
  explain,
  greater,
  matmul,
  max,
  mean,
  mul,
  type Parameter,
  parameter,
  reshape,
  sigmoid,
  square,
  sum,
  tensor,
  transpose,
} from '../../lib/index.js';
import { Adam, AdamW, type Optimizer, SGD } from '../../lib/optim/index.js';
import { commitSync } from '../../lib/runtime/commit.js';
import { type AnyTensor, stepScalar } from '../../lib/tensor.js';
import { lazily } from '../lazy.js';

const stored = (dims: readonly number[], seed = 1) =>
  parameter(
    tensor(
      Float32Array.from({ length: dims.reduce((a, b) => a * b, 1) }, (_, i) => Math.sin(seed + 1.7 * i)),
      { shape: [...dims] },
    ),
  ) as unknown as Parameter<number[]>;

function planOf(outputs: readonly unknown[], updates: readonly { target: unknown; value: unknown }[] = []) {
  const plan = findPlan(
    outputs as AnyTensor[],
    updates.map((u) => u.value as AnyTensor),
    updates.map((u) => u.target as never),
  );
  releaseWalk();
  return plan!;
}

/** The same with fusion on and off: the numbers must not differ by a bit. */
function sameBits(run: () => ArrayLike<number>[]): void {
  const results = [true, false].map((on) => {
    planCache.fused = on;
    return run().map((values) => Array.from(values));
  });
  planCache.fused = true;
  expect(results[0]).toEqual(results[1]);
}

const OPTIMIZERS: [string, (p: Parameter<number[]>[]) => Optimizer][] = [
  ['SGD', (p) => new SGD(p, { learningRate: 0.1 })],
  ['momentum', (p) => new SGD(p, { learningRate: 0.1, momentum: 0.9 })],
  ['Adam', (p) => new Adam(p, { learningRate: 0.01 })],
  ['AdamW', (p) => new AdamW(p, { learningRate: 0.01, weightDecay: 0.1 })],
];

describe('elementwise work on a reduction', () => {
  lazily();
  beforeEach(() => {
    planCache.fused = true;
  });

  const x = stored([37, 50], 2);
  const row = stored([50], 3);

  it.each([
    ['of columns', () => [mul(sum(x, { axis: 0 }), row)]],
    ['of columns, with its axis', () => [add(mean(x, { axis: 0, keepDims: true }), reshape(row, [1, 50]))]],
    ['of rows', () => [exp(sum(x, { axis: 1 }))]],
    ['of all', () => [exp(mean(x))]],
    ['of several dimensions', () => [add(max(reshape(x, [37, 10, 5]), { axis: 0 }), reshape(row, [10, 5]))]],
    ['with a bool', () => [greater(sum(x, { axis: 0 }), 0)]],
    ['that is used twice', () => [mul(sum(x, { axis: 0 }), sigmoid(sum(x, { axis: 0 })))]],
    [
      'that is a result, too',
      () => {
        const y = sum(x, { axis: 0 });
        return [y, exp(y)];
      },
    ],
  ] as [string, () => AnyTensor[]][])('%s', (_, build) => {
    const { names, words } = planOf(build());
    const last = decodePlan(words).instructions.at(-1)!;
    expect([names.at(-1), names.filter((n) => n === 'reduce').length, last.group === null]).toEqual([
      'reduce',
      1,
      false,
    ]);
    sameBits(() => {
      const roots = build();
      evaluateSync(...(roots as [AnyTensor]));
      return roots.map((t) => t.dataSync() as Float32Array);
    });
  });

  it.each([
    ['results that are no one axis of what is reduced', () => [exp(sum(reshape(x, [37, 10, 5]), { axis: 1 }))]],
    ['what is reduced lies across', () => [exp(sum(transpose(x), { axis: 0 }))]],
    [
      'a reader that waits for something in between',
      () => {
        const y = sum(stored([50, 50], 4), { axis: 0 });
        return [add(y, reshape(matmul(reshape(y, [1, 50]), stored([50, 50], 5)), [50]))];
      },
    ],
  ] as [string, () => AnyTensor[]][])('stays apart: %s', (name, build) => {
    sameBits(() => {
      const roots = build();
      evaluateSync(...(roots as [AnyTensor]));
      return roots.map((t) => t.dataSync() as Float32Array);
    });
    expect(
      decodePlan(planOf(build()).words).instructions.filter((i) => i.name === 'reduce' && i.group !== null),
      name,
    ).toEqual([]);
  });

  it.each(OPTIMIZERS)('is the update of a bias by %s, whose gradient has no memory', (_, optimizer) => {
    const [w, bias, inputs] = [stored([6, 16], 4), stored([16], 5), stored([4, 6], 6)];
    const build = () => sum(square(sigmoid(add(matmul(inputs as never, w as never), bias as never))));
    build().backward();
    const updates = optimizer([bias]).updates([bias.grad] as never, (f, type) => stepScalar(f, type));
    const { names, words } = planOf([], updates);
    expect(names.at(-1)).toBe('reduce');
    expect(names).not.toContain('elementwise');
    const { inputs: from, outputs } = decodePlan(words).instructions.at(-1)!;
    expect(outputs.map((o) => o.buffer).every((b) => b >= 0)).toBe(true);
    expect(from.at(-1)!.dims).toEqual([4, 16]);
  });

  it.each(OPTIMIZERS)('steps with %s have the bits of steps without fusion', (_, make) => {
    for (const [batch, n] of [
      [4, 16],
      [4, 1],
      [130, 70],
    ] as const) {
      const inputs = stored([batch, 6], 6);
      sameBits(() => {
        const parameters = [stored([6, n], 4), stored([n], 5)];
        const optimizer = make(parameters);
        for (let i = 0; i < 3; i++) {
          sum(square(sigmoid(add(matmul(inputs as never, parameters[0] as never), parameters[1] as never)))).backward();
          optimizer.stepSync();
        }
        return parameters.map((p) => p.dataSync() as Float32Array);
      });
    }
  });

  it('counts what is reduced and what is done with it', () => {
    const roots = [mul(sum(x, { axis: 0 }), row)];
    const [instruction] = decodePlan(planOf(roots).words).instructions;
    expect(workOf(instruction!)).toEqual({ bytesRead: 4 * (1850 + 50), bytesWritten: 200, flops: 1850 + 50 });
    expect(explain(roots as [AnyTensor])).toContain('| mul |');
  });

  it('does not write over what it reduces', () => {
    sameBits(() => {
      const w = stored([1, 50], 4);
      commitSync([{ target: w as never, value: mul(sum(w, { axis: 0, keepDims: true }), 2) as never }]);
      return [w.dataSync() as Float32Array];
    });
  });
});
