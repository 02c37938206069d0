import { describe, expect, it } from 'vitest';
import { planCache } from '../../lib/graph/cache.js';
import { decodePlan } from '../../lib/graph/decode.js';
import type { Plan } from '../../lib/graph/plan.js';
import { workOf } from '../../lib/graph/work.js';
import {
  type AnyTensor,
  dropout,
  evaluateSync,
  gather,
  less,
  matmul,
  parameter,
  randn,
  sigmoid,
  square,
  stats,
  sub,
  sum,
  tensor,
  where,
} from '../../lib/index.js';
import { Linear } from '../../lib/nn/index.js';
import { Adam, type Optimizer, SGD } from '../../lib/optim/index.js';
import { planFor } from '../../lib/runtime/run.js';
import { lazily } from '../lazy.js';

lazily();

function planOf(...outputs: AnyTensor[]): Plan {
  return planFor({ outputs, values: [], targets: [], forget: false, onFailure: null });
}

describe('a plan that is read again', () => {
  it('has the instructions that were written', () => {
    const x = randn([6, 4], { seed: 1 });
    const y = sum(where(less(sigmoid(x), 0.5), dropout(x), 0), { axis: 0 });
    const plan = planOf(y);
    const { instructions } = decodePlan(plan.words);
    expect(instructions.map((i) => i.name)).toEqual(plan.names);
    for (const { outputs, inputs, group } of instructions) {
      for (const o of [...outputs, ...inputs]) expect(o.dims.length).toBe(o.strides.length);
      for (const r of group?.outputRegisters ?? []) expect(r).toBeLessThan(group!.inputs + group!.ops.length);
    }
    expect(instructions.at(-1)!.outputs[0]!.dims).toEqual([1, 4]);
  });

  it('says what a product moves and computes', () => {
    const [a, b] = [randn([6, 4], { seed: 1 }), randn([4, 5], { seed: 2 })];
    const { instructions } = decodePlan(planOf(matmul(a, b)).words);
    expect(instructions.map(workOf)).toEqual([
      { bytesRead: 4 * (6 * 4 + 4 * 5), bytesWritten: 4 * 6 * 5, flops: 2 * 6 * 4 * 5 },
    ]);
  });

  it('counts the rows that are gathered, not their table', () => {
    const table = randn([1000, 8], { seed: 1 });
    const { instructions } = decodePlan(planOf(gather(table, tensor([3, 4], { dtype: 'int32' }))).words);
    expect(workOf(instructions.at(-1)!)).toEqual({ bytesRead: 4 * 16 + 4 * 2, bytesWritten: 4 * 16, flops: 0 });
  });
});

describe.each<[string, number, (p: AnyTensor[]) => Optimizer]>([
  ['SGD', 1, (p) => new SGD(p as never, { learningRate: 0.1 })],
  ['SGD with momentum', 2, (p) => new SGD(p as never, { learningRate: 0.1, momentum: 0.9 })],
  ['Adam', 3, (p) => new Adam(p as never)],
])('a step of %s', (_name, arrays, make) => {
  it('never writes the gradient of a weight to memory', () => {
    const w1 = parameter(randn([1000, 100], { seed: 1 }));
    const w2 = parameter(randn([100, 10], { seed: 2 }));
    const [x, y] = [randn([64, 1000], { seed: 3 }), randn([64, 10], { seed: 4 })];
    evaluateSync(x, y);
    const optimizer = make([w1, w2] as never[]);
    const step = () => {
      sum(square(sub(matmul(sigmoid(matmul(x, w1)), w2), y))).backward();
      optimizer.stepSync();
    };
    step();
    const before = stats();
    step();
    const after = stats();
    const others = after.bytesWritten - before.bytesWritten - arrays * 4 * (w1.size + w2.size);
    // What is between, 64 rows of it, is less than half as large as the gradient of w1; where nothing is fused, that is written, too.
    if (planCache.fused) expect(others).toBeLessThan(2 * w1.size);
    else expect(others).toBeGreaterThan(4 * w1.size);
    expect(after.flops - before.flops).toBeGreaterThan(2 * 64 * (2 * 1000 * 100 + 3 * 100 * 10));
  });
});

it('a weight that is used transposed, as in Linear, gets its gradient in its own layout: its update joins the product, too', () => {
  const model = new Linear(1000, 100);
  const sgd = new SGD(model.parameters(), { learningRate: 0.1 });
  const x = randn([64, 1000], { seed: 3 });
  evaluateSync(x);
  const step = () => {
    sum(square(model.forward(x))).backward();
    sgd.stepSync();
  };
  step();
  const before = stats().bytesWritten;
  step();
  const others = stats().bytesWritten - before - 4 * model.weight.size;
  if (planCache.fused) expect(others).toBeLessThan(2 * model.weight.size);
  else expect(others).toBeGreaterThan(4 * model.weight.size);
});
