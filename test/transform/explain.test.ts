import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { decodePlan } from '../../lib/graph/decode.js';
import { labelOf, liveBytes } from '../../lib/graph/listing.js';
import {
  compile,
  explain,
  keep,
  matmul,
  mul,
  parameter,
  profile,
  randn,
  relu,
  softmax,
  square,
  stats,
  sub,
  sum,
  type Tensor,
  tensor,
} from '../../lib/index.js';
import { Adam, SGD } from '../../lib/optim/index.js';
import { native } from '../../lib/runtime/native.js';
import { lazily } from '../lazy.js';

lazily();

function smallStep() {
  const w = parameter(randn([8, 3], { seed: 1 }));
  const sgd = new SGD([w], { learningRate: 0.1 });
  return compile((x: Tensor<[number, 8]>) => {
    const loss = sum(square(relu(matmul(x, w))));
    loss.backward();
    sgd.stepSync();
    return loss;
  });
}

describe('explain', () => {
  it('lists the instructions of a pending tensor, and computes nothing', () => {
    const x = tensor([[1], [2], [3]]);
    const y = sum(mul(x, 3));
    const [head, ...lines] = explain(y).split('\n');
    expect(head).toMatch(/^plan of \d+ instructions?: reads \d+ B, writes \d+ B, \d+ FLOP a step; arena /);
    expect(lines.at(-1)).toMatch(/reduce float32 \[1, 1\] .*<- arena\+\d+ \[3, 1\] .*reads 12 B, writes 4 B, 3 FLOP$/);
    expect(lines.join()).toMatch(/elementwise float32 \[3, 1\].*input 0 \[3, 1\], scalar 0.*mul/);
    expect(explain(y)).toBe([head, ...lines].join('\n'));
    y.itemSync();
    expect(() => explain(y)).toThrow(/nothing to compute/);
    expect(() => explain([x])).toThrow(/nothing to compute/);
  });

  it('shows the state that a compiled step overwrites in place, for each shape', () => {
    const step = smallStep();
    expect(() => explain(step)).toThrow(/not been called yet/);
    step.sync(randn([4, 8], { seed: 2 }));
    step.sync(randn([5, 8], { seed: 2 }));
    const plans = explain(step).split('\n\n');
    expect(plans.map((p) => p.slice(0, 20))).toEqual(['arguments ([5, 8]): ', 'arguments ([4, 8]): ']);
    for (const plan of plans) expect(plan).toMatch(/state \d+ \(in place\) <- /);
  });

  it('says how much of an arena is live at once', () => {
    const plan = (text: string) => /arena (\S+ \S*B), at most (\S+ \S*B) of it/.exec(text)!.slice(1);
    const [arena, live] = plan(explain(softmax(matmul(randn([64, 64]), randn([64, 64])))));
    expect([arena, live]).toEqual(['16.4 kB', '16.4 kB']);
  });

  it('refuses what it cannot explain', () => {
    const expected = 'explain: expected tensors, a compiled function, an optimizer or a trainer, got ';
    expect(() => explain(3 as never)).toThrow(`${expected}3`);
    expect(() => explain((() => {}) as never)).toThrow(`${expected}a function; make a function one with compile(…)`);
    expect(() => explain([tensor([1]), null as never])).toThrow(`${expected}null`);
  });
});

describe('explain of an optimizer', () => {
  /** A product of tens of values and what trains it, from the same start each time. */
  function problem() {
    const w = parameter(randn([8, 3], { seed: 1 }));
    const adam = new Adam([w], { learningRate: 0.1 });
    const x = randn([4, 8], { seed: 2 });
    const backward = () => {
      const loss = sum(square(matmul(x, w)));
      loss.backward();
      return loss;
    };
    return { w, adam, backward };
  }

  it('shows the step that it would take, which overwrites state in place, and takes nothing', async () => {
    const [one, other] = [problem(), problem()];
    for (let k = 0; k < 2; k++) {
      const losses = [one, other].map(({ backward }) => backward());
      const text = explain(one.adam);
      expect(text).toMatch(/^plan of \d+ instructions: /);
      const results = text.split('\n').map((line) => line.split(' <- ')[0]!);
      const written = results.flatMap((line) => line.match(/state \d+/g) ?? []);
      expect(written.sort()).toEqual(['state 1', 'state 2', 'state 3']);
      expect(text).toContain('state 1 (in place)');
      expect(explain(one.adam)).toBe(text);
      one.adam.stepSync();
      other.adam.stepSync();
      expect(await losses[0]!.item()).toBe(await losses[1]!.item());
      expect(await one.w.data()).toEqual(await other.w.data());
      expect(one.adam.stepCount).toBe(k + 1);
    }
  });

  it('shows the plan that the step then runs', () => {
    const { adam, backward } = problem();
    backward();
    explain(adam);
    const built = stats().plansBuilt;
    adam.stepSync();
    expect(stats().plansBuilt).toBe(built);
  });

  it('leaves gradients of both calls to a later backward, and what is kept to the step', async () => {
    const { w, adam, backward } = problem();
    const alone = problem();
    const first = backward();
    const double = keep(mul(first, 2));
    explain(adam);
    backward();
    expect(explain(adam)).not.toBe('');
    await adam.step();
    expect(await double.item()).toBe(2 * (await first.item()));
    alone.backward();
    alone.backward();
    await alone.adam.step();
    expect(await w.data()).toEqual(await alone.w.data());
  });

  it('refuses one without gradients', () => {
    const { adam } = problem();
    expect(() => explain(adam)).toThrow('explain: no parameter has a gradient; call loss.backward() first');
  });

  it('has the times of a profiled step', async () => {
    const { adam, backward } = problem();
    const folder = await mkdtemp(join(tmpdir(), 'gradsmith-'));
    try {
      await profile(
        () => {
          backward();
          adam.stepSync();
        },
        { file: join(folder, 'trace.json') },
      );
    } finally {
      await rm(folder, { recursive: true });
    }
    backward();
    for (const line of explain(adam).split('\n').slice(1)) expect(line).toMatch(/\d (ns|µs)$/);
  });
});

describe('profile', () => {
  let folder = '';
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'gradsmith-'));
  });
  afterAll(() => rm(folder, { recursive: true }));

  interface Trace {
    traceEvents: {
      name: string;
      ph: string;
      tid: number;
      ts: number;
      dur: number;
      cat?: string;
      args: Record<string, number>;
    }[];
    otherData: { dropped: number };
  }
  const traced = async (f: () => unknown): Promise<Trace> => {
    const file = join(folder, 'trace.json');
    await profile(f as () => Promise<void>, { file });
    return JSON.parse(await readFile(file, 'utf8'));
  };

  it('writes one event for each instruction, named as explain() names it, and the times then stand there', async () => {
    const step = smallStep();
    const x = randn([4, 8], { seed: 2 });
    step.sync(x);
    expect(explain(step)).not.toMatch(/\d (ns|µs)$/m);
    const { traceEvents, otherData } = await traced(() => {
      for (let i = 0; i < 3; i++) step.sync(x);
    });
    expect(otherData.dropped).toBe(0);
    const lines = explain(step).split('\n').slice(1);
    const names = traceEvents.filter((e) => e.cat === 'instruction').map((e) => e.name);
    const labels = lines.map((line) => /^ *\d+ +(\S+ \S+ \[[\d, ]*\])/.exec(line)![1]);
    expect(names).toEqual([...labels, ...labels, ...labels]);
    for (const line of lines) expect(line).toMatch(/\d (ns|µs)$/);
    expect(traceEvents.filter((e) => e.cat === 'run')).toHaveLength(3);
    expect(traceEvents.filter((e) => e.ph === 'M').map((e) => e.args.name)).toEqual(['JavaScript']);
    for (const e of traceEvents.filter((e) => e.ph === 'X')) {
      expect(e.ts).toBeGreaterThanOrEqual(0);
      expect(e.dur).toBeGreaterThanOrEqual(0);
    }
  });

  it('has an event for each part that the executor and its pool have run', async () => {
    const [a, b] = [randn([512, 512], { seed: 1 }), randn([512, 512], { seed: 2 })];
    a.dataSync();
    b.dataSync();
    const { traceEvents } = await traced(async () => {
      await sum(matmul(a, b)).item();
    });
    const product = traceEvents.filter((e) => e.name === 'matmul float32 [512, 512]');
    const parts = product.map((e) => e.args.part!).sort((p, q) => p - q);
    expect(parts.length).toBeGreaterThan(1);
    expect(parts).toEqual(Array.from(parts.keys()));
    const runs = traceEvents.filter((e) => e.cat === 'run');
    const names = traceEvents.filter((e) => e.ph === 'M');
    expect(names.find((e) => e.tid === runs[0]!.tid)!.args.name).toBe('executor');
  });

  it('resolves with what the function returned, ends with its error, and runs alone', async () => {
    const file = join(folder, 'other.json');
    const slow = profile(() => new Promise((resolve) => setTimeout(resolve, 20, 7)), { file });
    await expect(profile(() => {}, { file })).rejects.toThrow(/another profile is running/);
    expect(await slow).toBe(7);
    await expect(
      profile(
        () => {
          throw new Error('mine');
        },
        { file },
      ),
    ).rejects.toThrow('mine');
    expect(JSON.parse(await readFile(file, 'utf8')).traceEvents).toEqual([]);
  });
});

it('lower bounds hold for plans of every kind: the arena is never smaller than what is live', () => {
  const plans: Int32Array[] = [];
  const { createPlan } = native;
  const spy = (words: Int32Array) => {
    plans.push(words);
    return createPlan(words);
  };
  Object.assign(native, { createPlan: spy });
  try {
    const x = randn([32, 16], { seed: 1 });
    const w = parameter(randn([16, 16], { seed: 2 }));
    sum(square(sub(softmax(matmul(relu(matmul(x, w)), w)), 1))).backward();
    new SGD([w], { learningRate: 0.1, momentum: 0.9 }).stepSync();
  } finally {
    Object.assign(native, { createPlan });
  }
  expect(plans.length).toBeGreaterThan(0);
  for (const words of plans) {
    const plan = decodePlan(words);
    expect(liveBytes(plan)).toBeLessThanOrEqual(plan.arenaBytes);
    for (const i of plan.instructions) expect(labelOf(i)).toMatch(/^\w+ \w+ \[[\d, ]*\]$/);
  }
});
