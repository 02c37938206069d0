import { beforeEach, describe, expect, it } from 'vitest';
import { findPlan, planCache } from '../../lib/graph/cache.js';
import { releaseWalk } from '../../lib/graph/walk.js';
import {
  add,
  evaluateSync,
  greater,
  matmul,
  mul,
  neg,
  type Parameter,
  parameter,
  relu,
  reshape,
  sigmoid,
  square,
  sub,
  sum,
  tensor,
  transpose,
} from '../../lib/index.js';
import { Adam, SGD } from '../../lib/optim/index.js';
import { commitSync, type Update } from '../../lib/runtime/commit.js';
import { type AnyTensor, stepScalar } from '../../lib/tensor.js';
import { lazily } from '../lazy.js';

/** The instructions of the plan for these roots. */
function instructionsOf(outputs: readonly unknown[], updates: readonly Update[] = []): string[] {
  const plan = findPlan(
    outputs as AnyTensor[],
    updates.map((u) => u.value),
    updates.map((u) => u.target),
  );
  releaseWalk();
  return [...plan!.names];
}

const weights = (rows: number, columns: number, seed = 1) =>
  parameter(
    tensor(
      Float32Array.from({ length: rows * columns }, (_, i) => Math.sin(seed + 1.7 * i)),
      { shape: [rows, columns] },
    ),
  ) as unknown as Parameter<[number, number]>;

/** The same with fusion on and off: the numbers must not differ by a bit. */
function sameBits(build: () => AnyTensor[]): void {
  const { fused } = planCache;
  const results = [true, false].map((on) => {
    planCache.fused = on;
    const roots = build();
    evaluateSync(...roots);
    return roots.map((t) => Array.from(t.dataSync() as Float32Array));
  });
  planCache.fused = fused;
  expect(results[0]).toEqual(results[1]);
}

describe('elementwise work on a product', () => {
  lazily();
  beforeEach(() => {
    planCache.fused = true;
  });

  const x = weights(37, 50, 2);
  const w = weights(50, 45, 3);
  const bias = parameter(tensor(Float32Array.from({ length: 45 }, (_, i) => Math.cos(i))));

  it.each([
    ['bias and activation', () => [relu(add(matmul(x, w), bias))]],
    [
      'an activation that needs its product twice',
      () => {
        const y = matmul(x, w);
        return [mul(y, sigmoid(y))];
      },
    ],
    [
      'derivative times gradient',
      () => {
        const h = sigmoid(matmul(x, w));
        return [mul(matmul(x, w), mul(h, sub(1, h)))];
      },
    ],
    ['a number for all elements', () => [mul(matmul(x, w), 0.5)]],
    ['a comparison', () => [greater(matmul(x, w), 0)]],
    [
      'the product as a result, too',
      () => {
        const y = matmul(x, w);
        return [y, relu(y)];
      },
    ],
    [
      'two groups that read it',
      () => {
        const y = matmul(x, w);
        return [relu(y), transpose(neg(transpose(y)))];
      },
    ],
    ['a single row, and a single column', () => [relu(matmul(weights(1, 50), w)), neg(matmul(x, weights(50, 1)))]],
    ['more dimensions over one weight', () => [relu(matmul(reshape(weights(24, 50), [2, 3, 4, 50]), w))]],
    ['more inner terms than a cache block', () => [relu(add(matmul(weights(20, 5000), weights(5000, 45)), bias))]],
    ['no inner terms', () => [add(matmul(weights(3, 0), weights(0, 45)), bias)]],
  ] as [string, () => AnyTensor[]][])('%s', (_, build) => {
    const names = instructionsOf(build());
    expect(names).toContain('matmulGroup');
    expect(names).not.toContain('matmul');
    sameBits(build);
  });

  it.each([
    ['a batch of products', () => [relu(matmul(reshape(x, [1, 37, 50]), reshape(weights(100, 45), [2, 50, 45])))]],
    ['a number for each row', () => [mul(matmul(x, w), weights(37, 1))]],
    [
      'its own transpose',
      () => {
        const y = matmul(transpose(x), x);
        return [add(y, transpose(y))];
      },
    ],
    [
      'what depends on it in another way',
      () => {
        const y = matmul(x, w);
        return [sub(y, sum(y, { axis: 0 }))];
      },
    ],
  ] as [string, () => AnyTensor[]][])('stays apart: %s', (_, build) => {
    expect(instructionsOf(build())).toContain('matmul');
    sameBits(build);
  });
});

describe('steps', () => {
  lazily();

  it('of the lecture: every product does the elementwise work on it, and no gradient has memory', () => {
    planCache.fused = true;
    const [x, y] = [weights(64, 1000, 5), weights(64, 10, 6)];
    const [w1, w2] = [weights(1000, 100, 7), weights(100, 10, 8)];
    const sgd = new SGD([w1, w2], { learningRate: 1e-4 });
    const loss = sum(square(sub(matmul(sigmoid(matmul(x, w1)), w2), y)));
    loss.backward();
    const updates = sgd.updates([w1.grad, w2.grad] as never, (f, type) => stepScalar(f, type));
    expect(instructionsOf([loss], updates)).toEqual([
      'matmulGroup',
      'matmulGroup',
      'reduce',
      'matmulGroup',
      'matmulGroup',
      'matmulGroup',
    ]);
  });

  it.each(['sgd', 'momentum', 'adam'])('with %s: the bits of a step without fusion', async (kind) => {
    const results = [];
    for (const on of [true, false]) {
      planCache.fused = on;
      const x = weights(33, 70, 5);
      const parameters = [weights(70, 41, 7), weights(41, 3, 8)] as const;
      const optimizer =
        kind === 'adam'
          ? new Adam(parameters, { learningRate: 1e-2 })
          : new SGD(parameters, { learningRate: 1e-2, momentum: kind === 'sgd' ? 0 : 0.9 });
      for (let i = 0; i < 3; i++) {
        sum(square(matmul(sigmoid(matmul(x, parameters[0])), parameters[1]))).backward();
        optimizer.stepSync();
      }
      results.push([...parameters[0].dataSync(), ...parameters[1].dataSync()]);
    }
    planCache.fused = true;
    expect(results[0]).toEqual(results[1]);
  });

  it('that overwrite a factor of the product they read', () => {
    const results = [];
    for (const on of [true, false]) {
      planCache.fused = on;
      const w = weights(8, 8, 1);
      commitSync([{ target: w as never, value: sub(w, mul(matmul(w, transpose(w)), 0.125)) as never }]);
      results.push([...w.dataSync()]);
    }
    planCache.fused = true;
    expect(results[0]).toEqual(results[1]);
  });
});
