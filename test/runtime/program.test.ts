import { describe, expect, it } from 'vitest';
import { planCache } from '../../lib/graph/cache.js';
import { add, evaluate, matmul, parameter, randn, sum, tensor, zeros } from '../../lib/index.js';
import { Program } from '../../lib/runtime/program.js';
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
