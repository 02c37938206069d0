import { describe, expect, it } from 'vitest';
import { keep, mul, parameter, square, stats, sum, tensor } from '../../lib/index.js';
import { Adam, SGD } from '../../lib/optim/index.js';
import { assign } from '../../lib/runtime/parameter.js';
import type { AnyTensor } from '../../lib/tensor.js';

const param = (values: number[]) => parameter(tensor(values, { dtype: 'float64' }));
const numbers = async (t: AnyTensor) => Array.from((await t.data()) as ArrayLike<number>);
const sgd = (...params: ReturnType<typeof param>[]) => new SGD(params, { learningRate: 1 });

describe('gradients that a step does not take', () => {
  it('wait for the step of another optimizer', async () => {
    const [a, b] = [param([1, 2]), param([3, 4])];
    const [first, second] = [sgd(a), sgd(b)];
    const loss = sum(mul(a, b));
    loss.backward();
    await first.step();
    await second.step();
    expect(await numbers(a)).toEqual([-2, -2]);
    expect(await numbers(b)).toEqual([2, 2]); // by the gradient at the old a
    expect(await loss.item()).toBe(11);
  });

  it('are added up over the steps of another optimizer', async () => {
    const [a, b] = [param([1]), param([0.5])];
    const optimizer = sgd(a);
    let expected = 0;
    for (let i = 0, x = 1; i < 4; i++, x *= 0.5) {
      expected += x;
      sum(mul(a, b)).backward();
      await optimizer.step();
      assign(a, new Float64Array([x * 0.5]));
    }
    expect(await numbers(b.grad!)).toEqual([expected]);
    expect(await numbers(b)).toEqual([0.5]);
  });

  it('of adversaries are each taken at their own step', async () => {
    const [g, d] = [param([1]), param([2])];
    const [forG, forD] = [sgd(g), sgd(d)];
    for (let i = 0; i < 2; i++) {
      const [g0] = await numbers(g);
      const [d0] = await numbers(d);
      forD.zeroGrad();
      sum(mul(mul(g, d), 0.25)).backward();
      await forD.step();
      const d1 = d0! - g0! * 0.25;
      expect(await numbers(d)).toEqual([d1]);
      forG.zeroGrad();
      sum(mul(mul(g, d), 0.5)).backward();
      await forG.step();
      expect(await numbers(g)).toEqual([g0! - d1 * 0.5]);
    }
  });

  it('do not disturb a read of others, even when they can no longer be computed', async () => {
    const [a, b] = [param([1, 2]), param([1, 2])];
    sum(square(a)).backward();
    assign(a, new Float64Array([3, 4]));
    sum(square(b)).backward();
    expect(await numbers(b.grad!)).toEqual([2, 4]);
  });

  it('are not computed again for a read of others', async () => {
    const [a, b] = [param([1, 2]), param([1, 2])];
    sum(square(a)).backward();
    sum(square(b)).backward();
    await b.grad!.data();
    const { runs } = stats();
    await b.grad!.data();
    expect(stats().runs).toBe(runs);
  });

  it('keep no parameter alive that nobody holds, nor its graph', async () => {
    const refs: WeakRef<object>[] = [];
    for (let i = 0; i < 5; i++) {
      const p = param([1, 2]);
      const loss = sum(square(p));
      loss.backward();
      await p.grad!.data();
      refs.push(new WeakRef(p), new WeakRef(loss));
    }
    await new Promise((resolve) => setTimeout(resolve, 10));
    globalThis.gc!();
    expect(refs.slice(0, -2).filter((ref) => ref.deref() !== undefined)).toHaveLength(0);
  });

  it.each([false, true])('keep no graph of earlier steps alive; read before the step: %s', async (read) => {
    const [a, b] = [param([1, 2]), param([3, 4])];
    const optimizer = new Adam([a], { learningRate: 0.1 });
    const refs: WeakRef<object>[] = [];
    for (let i = 0; i < 5; i++) {
      const h = mul(a, b);
      sum(square(h)).backward();
      if (read) await b.grad!.data();
      await optimizer.step();
      refs.push(new WeakRef(h));
    }
    await new Promise((resolve) => setTimeout(resolve, 10));
    globalThis.gc!();
    expect(refs.slice(0, -1).filter((ref) => ref.deref() !== undefined)).toHaveLength(0);
  });
});

it('what keep() was told waits for a step; an assignment is none', async () => {
  const [p, q] = [param([1, 2]), param([1, 2])];
  const h = keep(mul(p, 3));
  assign(q, tensor([5, 6], { dtype: 'float64' }));
  sum(square(h)).backward();
  const optimizer = sgd(p);
  await optimizer.step();
  expect(await numbers(h)).toEqual([3, 6]);
  expect(await numbers(p)).toEqual([-17, -34]);
});
