import { describe, expect, it } from 'vitest';
import { permutation } from '../../lib/data/index.js';
import { planCache } from '../../lib/graph/cache.js';
import {
  add,
  cast,
  dynamicSlice,
  evaluate,
  matmul,
  parameter,
  randn,
  stats,
  sum,
  type Tensor,
  tensor,
  zeros,
} from '../../lib/index.js';
import { replace, state } from '../../lib/runtime/parameter.js';
import { Program } from '../../lib/runtime/program.js';
import { type AnyTensor, stepScalar } from '../../lib/tensor.js';
import { lazily } from '../lazy.js';

describe('Program', () => {
  lazily();

  it('waits for a tensor in flight', async () => {
    const x = matmul(randn([300, 300], { seed: 1 }), randn([300, 300], { seed: 2 }));
    const landing = evaluate(x);
    const p = parameter(zeros([300, 300]));
    await new Program({ updates: [{ target: p, value: add(p, x) }], outputs: [] }).run({ steps: 2 });
    await landing;
    expect((await p.data())[7]).toBeCloseTo(2 * (await x.data())[7]!, 3);
  });

  it('queues a run behind another; what it reads and returns is its own', async () => {
    const p = parameter(tensor([0]));
    const order = state(tensor([1], { dtype: 'int32' }));
    const update = { target: p as AnyTensor, value: add(p, cast(order, 'float32')) as AnyTensor };
    const program = new Program({ updates: [update], outputs: [sum(update.value as Tensor<[1]>) as AnyTensor] });
    const first = program.queue({ steps: 2 });
    replace(order as AnyTensor, Int32Array.of(10));
    const second = program.queue({ steps: 2 }, first.job);
    expect(() => program.queue({ steps: 1 })).toThrow('Program.queue: two runs are queued already');
    replace(order as AnyTensor, Int32Array.of(100));
    await expect(program.run({ steps: 1 })).rejects.toMatchObject({ message: 'Program.run: already running' });
    expect(Array.from((await first.result).values)).toEqual([1, 2]);
    expect(Array.from((await second.result).values)).toEqual([12, 22]);
    expect(Array.from((await program.run({ steps: 1 })).values)).toEqual([122]);
    expect(() => replace(order as AnyTensor, Int32Array.of(1, 2))).toThrow('assign: expected 1 elements');
  });

  it('does nothing behind a run that was stopped or has failed', async () => {
    const p = parameter(tensor([0]));
    const table = tensor([1, 2, 4]);
    const start = stepScalar((step) => step, 2) as Tensor<[], 'int32'>;
    const update = { target: p as AnyTensor, value: add(p, dynamicSlice(table, start, 1)) as AnyTensor };
    const program = new Program({ updates: [update], outputs: [] });
    const failed = program.queue({ steps: 5 });
    const behind = program.queue({ steps: 2 }, failed.job);
    await expect(failed.result).rejects.toMatchObject({ code: 'ERR_INDEX' });
    expect((await behind.result).steps).toBe(0);
    const controller = new AbortController();
    const { signal } = controller;
    const stopped = program.queue({ steps: 2, signal });
    const last = program.queue({ steps: 2, signal }, stopped.job);
    controller.abort();
    const [done, then] = [(await stopped.result).steps, (await last.result).steps];
    if (done < 2) expect(then).toBe(0);
    const sums = [0, 1, 3];
    expect(await p.item()).toBe(7 + sums[done]! + sums[then]!);
  });

  it('is not waited for by what depends on numbers alone', async () => {
    const x = matmul(randn([600, 600], { seed: 1 }), randn([600, 600], { seed: 2 }));
    const landing = evaluate(x);
    const { jobsQueued } = stats();
    expect(jobsQueued).toBeGreaterThan(0);
    expect(permutation(5000, { seed: 1 }).length).toBe(5000);
    expect(stats().jobsQueued).toBe(jobsQueued);
    expect(add(x, 1).dataSync().length).toBe(360_000);
    expect(stats().jobsQueued).toBe(0);
    await landing;
  });

  it('outlives its plan in the cache', async () => {
    const p = parameter(tensor([1, 2, 3]));
    const program = new Program({ updates: [{ target: p, value: add(p, 1) }], outputs: [sum(p)] });
    await program.run({ steps: 1 });
    for (let i = 0; i <= planCache.capacity; i++) await add(zeros([i]), 1).data();
    const { values } = await program.run({ steps: 2 });
    expect(Array.from(values)).toEqual([9, 12]);
    expect(Array.from(await p.data())).toEqual([4, 5, 6]);
  });
});
