// 100 steps of each optimizer against PyTorch's (generate.py), in both precisions, and by a schedule of the learning rate.

import { add, matmul, mse, type Parameter, parameter, type Tensor, tanh, transpose } from 'gradsmith';
import { Adam, AdamW, type Optimizer, type Schedule, SGD } from 'gradsmith/optim';
import { describe, expect, test } from 'vitest';
import { type Dumped, distance, load, readParity } from '../fixtures/parity.js';

interface Run {
  name: string;
  optimizer: 'SGD' | 'Adam' | 'AdamW';
  options: Record<string, unknown>;
  dtype: 'float32' | 'float64';
  final: Dumped[];
  losses: Record<string, number>;
}

const fixture = readParity<{ x: Dumped; y: Dumped; initial: Dumped[]; runs: Run[]; schedules: Run[] }>('optimizers');
const OPTIMIZERS = { SGD, Adam, AdamW };
// After 100 steps: rounding in another order, grown by Adam's division of small by small.
const TOLERANCE = { float64: 1e-11, float32: 2e-5 };

type Any = Tensor<number[], 'float64'>;
type Params = Parameter<number[], 'float64'>[];

function problem(dtype: Run['dtype'], make: (params: Params) => Optimizer) {
  const get = (dump: Dumped) => load(dump, dtype) as unknown as Any;
  const [x, y] = [get(fixture.x), get(fixture.y)];
  const params = fixture.initial.map((dump) => parameter(get(dump)));
  const [w1, b1, w2, b2] = params as unknown as [Any, Any, Any, Any];
  const linear = (t: Any, w: Any, b: Any) => add(matmul(t, transpose(w) as Any) as Any, b) as Any;
  const loss = () => mse(linear(tanh(linear(x, w1, b1)), w2, b2), y) as unknown as Any;
  return { params, optimizer: make(params), loss };
}

async function compare(run: Run, make: (params: Params) => Optimizer, sync: boolean) {
  const { params, optimizer, loss } = problem(run.dtype, make);
  const tolerance = TOLERANCE[run.dtype];
  for (let t = 0; t < 100; t++) {
    const l = loss();
    l.backward();
    if (sync) optimizer.stepSync();
    else await optimizer.step();
    const expected = run.losses[t];
    if (expected !== undefined)
      expect(Math.abs((await l.item()) - expected) / expected, `loss ${t}`).toBeLessThan(tolerance);
  }
  for (const [i, p] of params.entries()) {
    expect(distance(await p.data(), run.final[i]!.data), `parameter ${i}`).toBeLessThan(tolerance);
  }
}

describe.each(fixture.runs.map((r) => [`${r.name}, ${r.dtype}`, r] as const))('%s', (_, run) => {
  const make = (params: Params) =>
    new OPTIMIZERS[run.optimizer](params, run.options as unknown as { learningRate: number });
  test.each(['step', 'stepSync'])('100 times %s equals PyTorch', (how) => compare(run, make, how === 'stepSync'));
});

describe.each(fixture.schedules.map((r) => [r.name, r] as const))('%s', (_, run) => {
  test('a learning rate as a function of the step equals PyTorch', () => {
    const learningRate: Schedule = (step) => 0.05 / (1 + step / 20);
    return compare(run, (params) => new OPTIMIZERS[run.optimizer](params, { learningRate }), false);
  });
});
