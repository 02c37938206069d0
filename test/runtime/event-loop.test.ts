import { describe, expect, it } from 'vitest';
import { evaluate, exp, matmul, parameter, randn, square, stats, sum, tensor } from '../../lib/index.js';
import { SGD } from '../../lib/optim/index.js';
import { lazily } from '../lazy.js';

lazily();

/** Counts the turns of the event loop while something runs. */
async function turnsDuring(work: () => Promise<unknown>): Promise<number> {
  let turns = 0;
  let running = true;
  const tickOn = (): void => {
    turns++;
    if (running) setImmediate(tickOn);
  };
  setImmediate(tickOn);
  await work();
  running = false;
  return turns;
}

describe('the event loop', () => {
  it('turns while a large plan runs', async () => {
    const a = randn([700, 700], { seed: 1 });
    await evaluate(sum(a));
    const turns = await turnsDuring(() => evaluate(sum(exp(matmul(matmul(matmul(a, a), a), a)))));
    expect(turns).toBeGreaterThan(20);
  });

  it('turns every few milliseconds in a loop of steps that are cheaper than a thread hop', async () => {
    const w = parameter(tensor([1, 2]));
    const sgd = new SGD([w], { learningRate: 1e-3 });
    const start = performance.now();
    let fired = 0;
    const timer = setInterval(() => fired++, 1);
    for (let t = 0; t < 20_000; t++) {
      sum(square(w)).backward();
      await sgd.step();
    }
    clearInterval(timer);
    // Far below one turn per 5 ms would mean starvation; the clock only scales the expectation.
    expect(fired).toBeGreaterThan((performance.now() - start) / 60);
  });

  it('several evaluations at once come out right', async () => {
    const a = randn([200, 200], { seed: 2 });
    const wanted = await sum(matmul(a, a)).item();
    const got = await Promise.all(Array.from({ length: 12 }, () => sum(matmul(a, a)).item()));
    expect(got).toEqual(Array(12).fill(wanted));
  });

  it('steps are queued a few deep and their losses come out in order', async () => {
    const x = randn([256, 256], { seed: 3 });
    const w = parameter(randn([256, 256], { seed: 4 }));
    const sgd = new SGD([w], { learningRate: 1e-6 });
    const losses = [];
    for (let t = 0; t < 12; t++) {
      const loss = sum(square(matmul(x, w)));
      loss.backward();
      await sgd.step();
      expect(stats().jobsQueued).toBeLessThanOrEqual(5);
      losses.push(loss);
    }
    const values = await Promise.all(losses.map((l) => l.item()));
    for (let t = 1; t < values.length; t++) expect(values[t]).toBeLessThan(values[t - 1]!);
  });

  it('a tensor that is still being computed can be used at once', async () => {
    const a = randn([300, 300], { seed: 5 });
    const b = matmul(a, a);
    const under = evaluate(b);
    const both = sum(b);
    await Promise.all([under, evaluate(both)]);
    expect(await both.item()).toBeCloseTo(
      (await b.data()).reduce((s, v) => s + v, 0),
      -2,
    );
    expect(matmul(b, b).dataSync()).toHaveLength(90_000);
  });
});
