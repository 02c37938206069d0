import { describe, expect, it } from 'vitest';
import { planCache } from '../../lib/graph/cache.js';
import {
  add,
  exp,
  gradients,
  matmul,
  mean,
  mul,
  parameter,
  relu,
  sigmoid,
  square,
  stats,
  sub,
  sum,
  type Tensor,
  tensor,
} from '../../lib/index.js';
import { SGD } from '../../lib/optim/index.js';
import { keep } from '../../lib/runtime/commit.js';
import { lazily } from '../lazy.js';

lazily();

const param = (values: number[]) => parameter(tensor(values, { dtype: 'float64' }));

describe('backward', () => {
  it('adds to the gradient that is there', async () => {
    const w = param([1, 2]);
    sum(square(w)).backward();
    sum(mul(w, 3)).backward();
    expect(Array.from(await w.grad!.data())).toEqual([5, 7]);
  });

  it('runs the forward pass once for the loss and all gradients', async () => {
    const [a, b] = [param([1, 2]), param([3, 4])];
    const loss = sum(mul(exp(a), b));
    loss.backward();
    const { runs } = stats();
    await a.grad!.data();
    expect(stats().runs).toBe(runs + 1);
    await b.grad!.data();
    await loss.item();
    expect(stats().runs).toBe(runs + 1);
  });

  it('goes through a tensor that has been read', async () => {
    const w = param([0.5, -1]);
    const h = relu(mul(w, 2));
    expect(Array.from(await h.data())).toEqual([1, 0]);
    sum(square(h)).backward();
    expect(Array.from(await w.grad!.data())).toEqual([4, 0]);
  });

  it('of a loss with several elements is an error that says what to do', () => {
    expect(() => square(param([1, 2])).backward()).toThrow(/backward: expected a loss of one element, got shape \[2\]/);
  });

  it('of a tensor that depends on no parameter is an error', () => {
    expect(() => sum(tensor([1, 2])).backward()).toThrow(/depends on no parameter/);
  });

  it('survives a graph of 100,000 nodes in a row', async () => {
    const w = param([1]);
    let h: Tensor<number[], 'float64'> = w as Tensor<number[], 'float64'>;
    for (let i = 0; i < 100_000; i++) h = add(h, 1e-6) as typeof h;
    sum(h).backward();
    expect(w.grad).not.toBeNull();
  });
});

describe('gradients', () => {
  it('differentiates with respect to a tensor in the middle and what lies behind it', async () => {
    const w = param([2]);
    const h = square(w);
    const y = sum(mul(h, h));
    const [dh, dw] = gradients(y, [h, w]);
    expect(Array.from(await dh!.data())).toEqual([8]);
    expect(Array.from(await dw!.data())).toEqual([32]);
  });

  it('of gradients gives the second derivative', async () => {
    const w = param([0.3]);
    const [first] = gradients(sum(sigmoid(w)), [w]);
    const [second] = gradients(sum(first!), [w]);
    const s = 1 / (1 + Math.exp(-0.3));
    expect((await second!.data())[0]).toBeCloseTo(s * (1 - s) * (1 - 2 * s), 14);
  });

  it('is null where y does not depend on x', () => {
    const [a, b] = [param([1]), param([2])];
    expect(gradients(sum(a), [a, b])[1]).toBeNull();
  });
});

describe('a parameter that is updated', () => {
  const step = async () => {
    const w = param([1, 2]);
    const h = square(w);
    const loss = sum(h);
    loss.backward();
    return { w, h, loss, sgd: new SGD([w], { learningRate: 0.1 }) };
  };

  it('leaves the loss that was computed by the step readable', async () => {
    const { loss, sgd, w } = await step();
    await sgd.step();
    expect(await loss.item()).toBe(5);
    expect(Array.from(await w.data())).toEqual([0.8, 1.6]);
  });

  it('makes reading a tensor built from its old value ERR_STALE, not another number', async () => {
    const { h, sgd } = await step();
    await sgd.step();
    await expect(h.data()).rejects.toMatchObject({ code: 'ERR_STALE' });
    expect(() => sum(h).backward()).toThrow(/was updated after this tensor was built/);
  });

  it('keep() makes the step compute such a tensor too', async () => {
    const { h, sgd } = await step();
    keep(h);
    await sgd.step();
    expect(Array.from(await h.data())).toEqual([1, 4]);
  });

  it('forgets its gradient', async () => {
    const { w, sgd } = await step();
    await sgd.step();
    expect(w.grad).toBeNull();
  });
});

describe('plans', () => {
  it('are built once for a loop, whatever the numbers in it', async () => {
    const w = param([1, 2]);
    const sgd = new SGD([w], { learningRate: (step) => 0.1 / (step + 1) });
    const x = tensor([[1, 2]], { dtype: 'float64' });
    let built = 0;
    for (let t = 0; t < 10; t++) {
      mean(square(sub(matmul(x, w.reshape([2, 1])), t))).backward();
      await sgd.step();
      if (t === 2) built = planCache.built;
    }
    expect(planCache.built).toBe(built);
  });
});
