import { describe, expect, it } from 'vitest';
import { add, crossEntropy, gather, matmul, parameter, randn, sum, tensor } from '../../lib/index.js';
import { Adam, SGD } from '../../lib/optim/index.js';
import { commitSync } from '../../lib/runtime/commit.js';
import { lazily } from '../lazy.js';

/** A parameter whose last step was queued and is going to fail, and its values. */
async function failing() {
  const w = parameter(randn([512, 64], { seed: 1 }));
  const values = await w.data();
  const x = randn([512, 512], { seed: 2 });
  crossEntropy(matmul(x, w), tensor(new Int32Array(512).fill(64))).backward();
  await new SGD([w], { learningRate: 0.1 }).step();
  return { w, values };
}

describe('a queued step that fails is reported once', () => {
  lazily();

  it('by a read of a parameter', async () => {
    const { w, values } = await failing();
    await expect(w.data()).rejects.toMatchObject({ code: 'ERR_INDEX' });
    expect(await w.data()).toEqual(values);
  });

  it('by a read that blocks', async () => {
    const { w, values } = await failing();
    expect(() => w.dataSync()).toThrow('index 64');
    expect(w.dataSync()).toEqual(values);
  });

  it('by a read of something computed from it, queued behind it or not', async () => {
    const { w, values } = await failing();
    const total = sum(w);
    await expect(total.item()).rejects.toMatchObject({ code: 'ERR_INDEX' });
    expect(await total.item()).toBeCloseTo(
      values.reduce((a, b) => a + b),
      2,
    );
  });
});

it.each([
  ['run at once', 2],
  ['was queued', 512],
])('a step that %s and failed does not count', async (_how, rows) => {
  const w = parameter(randn([rows, 64], { seed: 1 }));
  const adam = new Adam([w]);
  const step = async (label: number) => {
    const x = randn([rows, rows], { seed: 2 });
    crossEntropy(matmul(x, w), tensor(new Int32Array(rows).fill(label))).backward();
    await adam.step();
    await w.data();
  };
  await step(63);
  await expect(step(64)).rejects.toMatchObject({ code: 'ERR_INDEX' });
  expect(adam.stepCount).toBe(1);
  await step(63);
  expect(adam.stepCount).toBe(2);
});

it('a tensor is not overwritten twice in one step', () => {
  const w = parameter(tensor([1, 2]));
  const twice = [
    { target: w, value: add(w, 1) },
    { target: w, value: add(w, 2) },
  ];
  for (let i = 0; i < 2; i++) expect(() => commitSync(twice)).toThrow(/overwritten twice at once/);
  expect(Array.from(w.dataSync())).toEqual([1, 2]);
});

it('a parameter whose first values failed has none, at every use', async () => {
  const outOfRange = tensor(new Int32Array(1000).fill(1000));
  const make = () => parameter(gather(randn([1000, 100], { seed: 1 }), outOfRange));
  let p: ReturnType<typeof make>;
  try {
    p = make();
  } catch (error) {
    expect(error).toMatchObject({ code: 'ERR_INDEX' }); // the eager mode says so at once
    return;
  }
  for (let i = 0; i < 2; i++) {
    await expect(sum(p).item()).rejects.toMatchObject({ code: 'ERR_INDEX' });
    await expect(p.data()).rejects.toMatchObject({ code: 'ERR_INDEX' });
    expect(() => p.dataSync()).toThrow('index 1000');
  }
});
