import { describe, expect, it } from 'vitest';
import {
  add,
  evaluate,
  exp,
  matmul,
  mul,
  parameter,
  randn,
  square,
  stats,
  sub,
  sum,
  tensor,
  zeros,
} from '../../lib/index.js';
import { SGD } from '../../lib/optim/index.js';

/** Collects garbage and gives finalizers their turns. */
async function collect(): Promise<void> {
  for (let i = 0; i < 8; i++) {
    globalThis.gc!();
    await new Promise((resolve) => setImmediate(resolve));
  }
}

describe('native memory', () => {
  it('of parameters nobody holds is given back, and the counters return', async () => {
    await collect();
    const before = stats();
    await (async () => {
      const held = Array.from({ length: 20 }, () => parameter(zeros([100, 100])));
      expect(stats().liveBuffers).toBe(before.liveBuffers + 20);
      expect(stats().liveBytes).toBeGreaterThanOrEqual(before.liveBytes + 20 * 40_000);
      await evaluate(sum(held[0]!));
    })();
    await collect();
    expect(stats().liveBuffers).toBe(before.liveBuffers);
    expect(stats().liveBytes).toBe(before.liveBytes);
  });

  it('is reported to V8, which then collects parameters that nobody holds without being asked', async () => {
    await collect();
    const { liveBytes } = stats();
    let most = 0;
    const data = tensor(new Float32Array(1_000_000));
    for (let i = 0; i < 400; i++) {
      parameter(data);
      await new Promise((resolve) => setImmediate(resolve));
      most = Math.max(most, stats().liveBytes - liveBytes);
    }
    expect(most).toBeGreaterThanOrEqual(4_000_000);
    expect(most).toBeLessThan(1_000_000_000); // 1.6 GB went by; V8 sees a few small objects unless it is told
  });

  it('does not grow over 60,000 steps without a dispose', async () => {
    const x = tensor([
      [1, 2],
      [3, 4],
    ]);
    const w = parameter(randn([2, 3], { seed: 1 }));
    const sgd = new SGD([w], { learningRate: 1e-4 });
    const run = async (steps: number) => {
      for (let t = 0; t < steps; t++) {
        sum(square(matmul(x, w))).backward();
        await sgd.step();
      }
    };
    await run(20_000);
    await collect();
    const [rss, { liveBuffers }] = [process.memoryUsage().rss, stats()];
    await run(40_000);
    await collect();
    expect(stats().liveBuffers).toBe(liveBuffers);
    expect(process.memoryUsage().rss - rss).toBeLessThan(24 << 20); // V8's own heap breathes by some MB
  });

  it('does not grow in a loop of synchronous calls that never yields, with fresh inputs that are used twice', async () => {
    const w = parameter(randn([256, 8], { seed: 2 }));
    const call = (i: number) => {
      const x = tensor(new Float32Array(64 * 256).fill(i), { shape: [64, 256] });
      const once = matmul(x, w).dataSync()[0]!;
      return once - sum(mul(x, 1)).itemSync();
    };
    for (let i = 0; i < 2000; i++) call(i);
    const { rss } = process.memoryUsage();
    for (let i = 0; i < 8000; i++) call(i);
    expect(process.memoryUsage().rss - rss).toBeLessThan(320 << 20); // what is moved to native memory before the next turn is bounded
    await collect();
  });

  it('of intermediates belongs to the plan: many evaluations of one structure keep one arena', async () => {
    const a = randn([64, 64], { seed: 3 });
    const once = () => evaluate(sum(exp(sub(matmul(a, a), add(a, 1)))));
    await once();
    const { arenaBytes } = stats();
    for (let i = 0; i < 50; i++) await once();
    expect(stats().arenaBytes).toBe(arenaBytes);
  });
});
