import { describe, expect, expectTypeOf, it } from 'vitest';
import {
  type AnyTensor,
  add,
  type Compiled,
  compile,
  crossEntropy,
  dropout,
  evaluate,
  exp,
  explain,
  GradsmithError,
  gradients,
  keep,
  manualSeed,
  matmul,
  mean,
  mse,
  mul,
  type Parameter,
  parameter,
  rand,
  randn,
  sigmoid,
  square,
  stats,
  stopGradient,
  sub,
  sum,
  type Tensor,
  tensor,
  zeros,
} from '../../lib/index.js';
import { Linear, ReLU, Sequential } from '../../lib/nn/index.js';
import { Adam, type Optimizer, SGD } from '../../lib/optim/index.js';

const plain = (t: AnyTensor): number[] => Array.from(t.dataSync() as ArrayLike<number>);

/** A small network from the same start each time, and what trains it. */
function network(make: (parameters: Parameter[]) => Optimizer) {
  const w1 = parameter(randn([2, 16], { seed: 1 }));
  const b1 = parameter(zeros([16]));
  const w2 = parameter(randn([16, 1], { seed: 2 }));
  const parameters = [w1, b1, w2] as unknown as Parameter[];
  const optimizer = make(parameters);
  const step = (x: Tensor<[number, 2]>, y: Tensor<[number, 1]>): Tensor<[]> => {
    const hidden = dropout(sigmoid(add(matmul(x, w1), b1)), { p: 0.25 });
    const loss = mse(matmul(hidden, w2) as Tensor<[number, 1]>, y as never) as Tensor<[]>;
    loss.backward();
    void optimizer.step();
    return loss;
  };
  return { parameters, optimizer, step };
}

const batch = (k: number): [Tensor<[4, 2]>, Tensor<[4, 1]>] => [
  tensor(
    Float32Array.from({ length: 8 }, (_, i) => Math.sin(8 * k + i)),
    { shape: [4, 2] },
  ),
  tensor(
    Float32Array.from({ length: 4 }, (_, i) => Math.cos(4 * k + i)),
    { shape: [4, 1] },
  ),
];

const optimizers: Record<string, (parameters: Parameter[]) => Optimizer> = {
  'SGD with momentum and a schedule': (p) => new SGD(p, { learningRate: (t) => 0.1 / (1 + t), momentum: 0.9 }),
  Adam: (p) => new Adam(p, { learningRate: 0.05, weightDecay: 0.01 }),
};

describe.each(Object.entries(optimizers))('a compiled step with %s', (_name, make) => {
  it.each(['sync', 'async'])('has the bits of the step that is not compiled (%s)', async (form) => {
    const loose = network(make);
    manualSeed(7);
    const expected: number[] = [];
    for (let k = 0; k < 12; k++) expected.push(await loose.step(...batch(k)).item());
    const nextOfLoose = plain(rand([3]));

    const tight = network(make);
    const step = compile(tight.step);
    manualSeed(7);
    const losses: number[] = [];
    let built = 0;
    for (let k = 0; k < 12; k++) {
      const loss = form === 'sync' ? step.sync(...batch(k)) : await step(...batch(k));
      losses.push(await loss.item());
      if (k === 0) built = stats().plansBuilt;
    }
    expect(stats().plansBuilt).toBe(built);
    expect(losses).toEqual(expected);
    expect(tight.parameters.map(plain)).toEqual(loose.parameters.map(plain));
    expect(tight.optimizer.stepCount).toBe(12);
    // Both have taken as many random draws.
    expect(plain(rand([3]))).toEqual(nextOfLoose);
  });

  it('goes on from steps that are not compiled, and the other way round', async () => {
    const loose = network(make);
    manualSeed(3);
    for (let k = 0; k < 9; k++) loose.step(...batch(k));
    const mixed = network(make);
    const step = compile(mixed.step);
    manualSeed(3);
    for (let k = 0; k < 9; k++) {
      if (k % 3 === 1) mixed.step(...batch(k));
      else step.sync(...batch(k));
    }
    expect(mixed.parameters.map(plain)).toEqual(loose.parameters.map(plain));
  });
});

it('a schedule may run something itself when a compiled step asks it', () => {
  const triple = compile((x: Tensor<[3]>) => mul(x, 3));
  const train = (learningRate: () => number) => {
    const w = parameter(tensor([1, 2, 3]));
    const sgd = new SGD([w] as unknown as Parameter[], { learningRate });
    const step = compile((x: Tensor<[3]>) => {
      const loss = sum(mul(square(w), x));
      loss.backward();
      void sgd.step();
      return loss;
    });
    const losses = [1, 2, 3].map((k) => step.sync(tensor([k, 1, 2])).itemSync());
    return [losses, plain(w as never)];
  };
  const busy = () => {
    triple.sync(tensor([9, 9, 9]));
    return 0.1;
  };
  expect(train(busy)).toEqual(train(() => 0.1));
});

it('what a blocking call returns stays as it is, whatever form it has', () => {
  const pair = compile((x: Tensor<[2]>) => [mul(x, 2), sum(x)] as const);
  const one = compile((x: Tensor<[2]>) => [mul(x, 2)] as const);
  const first = [pair.sync(tensor([1, 2])), one.sync(tensor([1, 2]))] as const;
  const second = [pair.sync(tensor([3, 4])), one.sync(tensor([3, 4]))] as const;
  expect([plain(first[0][0]), plain(first[0][1]), plain(first[1][0])]).toEqual([[2, 4], [3], [2, 4]]);
  expect([plain(second[0][0]), plain(second[0][1]), plain(second[1][0])]).toEqual([[6, 8], [7], [6, 8]]);
});

describe('compile', () => {
  it('is typed by the function', () => {
    const f = compile((x: Tensor<[2, 3]>, scale: Tensor<[]>) => ({ y: mul(x, scale) }));
    expectTypeOf(f).returns.resolves.toEqualTypeOf<{ y: Tensor<[2, 3]> }>();
    expectTypeOf(f.sync).parameters.toEqualTypeOf<[Tensor<[2, 3]>, Tensor<[]> | number]>();
    expectTypeOf(compile(() => {})).toEqualTypeOf<Compiled<[], void>>();
    expect(plain(f.sync(zeros([2, 3]), 2).y)).toEqual([0, 0, 0, 0, 0, 0]);
  });

  it('takes a number as an input, and keeps the plan', () => {
    const f = compile((x: Tensor<[2]>, scale: Tensor<[]>) => mul(x, scale));
    expect(plain(f.sync(tensor([1, 2]), 3))).toEqual([3, 6]);
    const built = stats().plansBuilt;
    expect(plain(f.sync(tensor([1, 2]), 4))).toEqual([4, 8]);
    expect(plain(f.sync(tensor([1, 2]), tensor(5)))).toEqual([5, 10]);
    expect(stats().plansBuilt).toBe(built);
  });

  it('traces again for other shapes and dtypes, and keeps the last sixteen', () => {
    let traced = 0;
    const f = compile((x: Tensor<[number]>) => {
      traced++;
      return add(x, 1);
    });
    for (let n = 1; n <= 20; n++) f.sync(zeros([n]));
    expect(traced).toBe(20);
    f.sync(zeros([20]));
    f.sync(zeros([5]));
    expect(traced).toBe(20);
    f.sync(zeros([1]));
    expect(traced).toBe(21);
    expect(explain(f).split('\n\n')).toHaveLength(16);
  });

  it('freezes numbers that the function reads from outside', () => {
    let factor = 2;
    const f = compile((x: Tensor<[2]>) => mul(x, factor));
    expect(plain(f.sync(tensor([1, 2])))).toEqual([2, 4]);
    factor = 3;
    expect(plain(f.sync(tensor([1, 2])))).toEqual([2, 4]);
  });

  it('follows parameters that it captures', async () => {
    const w = parameter(tensor([1, 2]));
    const f = compile((x: Tensor<[2]>) => mul(x, w));
    expect(plain(f.sync(tensor([1, 1])))).toEqual([1, 2]);
    sum(w).backward();
    await new SGD([w], { learningRate: 1 }).step();
    expect(plain(f.sync(tensor([1, 1])))).toEqual([0, 1]);
  });

  it('computes what comes from outside once', () => {
    const outside = exp(zeros([2]));
    const f = compile((x: Tensor<[2]>) => add(x, outside));
    expect(plain(f.sync(tensor([1, 2])))).toEqual([2, 3]);
    expect(plain(f.sync(tensor([2, 3])))).toEqual([3, 4]);
    expect(plain(outside)).toEqual([1, 1]);
  });

  it('draws random numbers anew at each call, and follows manualSeed', () => {
    const f = compile(() => rand([3]));
    manualSeed(5);
    const expected = [rand([3]), rand([3]), rand([3])].map(plain);
    manualSeed(5);
    expect([f.sync(), f.sync(), f.sync()].map(plain)).toEqual(expected);
    manualSeed(6);
    const other = plain(rand([3]));
    manualSeed(6);
    expect(plain(f.sync())).toEqual(other);
  });

  it('returns arrays, objects, arguments and captured tensors as they are', () => {
    const w = parameter(tensor([3]));
    const f = compile((x: Tensor<[1]>) => ({ double: add(x, x), x, w }));
    const x = tensor([2]);
    const r = f.sync(x);
    expect(plain(r.double)).toEqual([4]);
    expect(r.x).toBe(x);
    expect(r.w).toBe(w);
    const [a, b] = compile((y: Tensor<[1]>) => [mul(y, 2), mul(y, 3)] as const).sync(x);
    expect([plain(a), plain(b)]).toEqual([[4], [6]]);
  });

  it('takes arguments that are still to be computed, or under way', async () => {
    const f = compile((x: AnyTensor) => sum(x as Tensor<[300, 300]>));
    expect(f.sync(zeros([300, 300])).itemSync()).toBe(0);
    const x = matmul(add(zeros([300, 300]), 1), add(zeros([300, 300]), 1));
    const landing = evaluate(x);
    expect(await (await f(x)).item()).toBe(300 ** 3);
    await landing;
    expect(f.sync(add(zeros([300, 300]), 1)).itemSync()).toBe(300 ** 2);
  });

  it('becomes part of another compiled function', () => {
    const inner = compile((x: Tensor<[2]>) => mul(x, 2));
    const outer = compile((x: Tensor<[2]>) => add(inner.sync(x), 1));
    expect(plain(outer.sync(tensor([1, 2])))).toEqual([3, 5]);
  });

  it('queues a large program, whose results are waited for by who reads them', async () => {
    const w = parameter(mul(randn([300, 300], { seed: 1 }), 0.01));
    const loose = parameter(mul(randn([300, 300], { seed: 1 }), 0.01));
    const x = randn([300, 300], { seed: 2 });
    const build = (p: AnyTensor, sgd: SGD) => (input: AnyTensor) => {
      const loss = mean(square(matmul(input as Tensor<[300, 300]>, p as Tensor<[300, 300]>)));
      loss.backward();
      void sgd.step();
      return loss;
    };
    const step = compile(build(w, new SGD([w], { learningRate: 0.1 })));
    const reference = build(loose, new SGD([loose], { learningRate: 0.1 }));
    const losses: Tensor<[]>[] = [];
    for (let k = 0; k < 8; k++) losses.push(await step(x));
    const expected = Array.from({ length: 8 }, () => reference(x).itemSync());
    expect(await Promise.all(losses.map((l) => l.item()))).toEqual(expected);
    expect(plain(w)).toEqual(plain(loose));
  });

  it('takes back the count of a step that fails, and leaves the parameters as they were', async () => {
    const model = new Sequential(new Linear(4, 8), new ReLU(), new Linear(8, 3));
    const adam = new Adam(model.parameters());
    const step = compile((x: Tensor<[2, 4]>, y: Tensor<[2], 'int32'>) => {
      const loss = crossEntropy(model.forward(x), y);
      loss.backward();
      void adam.step();
      return loss;
    });
    const x = randn([2, 4], { seed: 1 });
    await step(x, tensor([0, 1], { dtype: 'int32' }));
    const before = model.parameters().map(plain);
    expect(() => step.sync(x, tensor([0, 3], { dtype: 'int32' }))).toThrow(/index 3 is out of range/);
    expect(adam.stepCount).toBe(1);
    expect(model.parameters().map(plain)).toEqual(before);
    await step(x, tensor([0, 1], { dtype: 'int32' }));
    expect(adam.stepCount).toBe(2);
  });

  describe('says what it cannot do:', () => {
    const code = (f: () => unknown): string | undefined => {
      try {
        f();
      } catch (error) {
        if (error instanceof GradsmithError) return `${error.code} ${error.message}`;
        throw error;
      }
      return undefined;
    };
    const w = parameter(tensor([1, 2]));
    const sgd = new SGD([w], { learningRate: 0.1 });
    const x = tensor([1, 1]);

    it.each([
      [
        'read a tensor',
        (t: Tensor<[2]>) => mul(t, sum(t).itemSync()),
        /^ERR_VALUE .*reads a tensor while it is traced/,
      ],
      ['read an argument', (t: Tensor<[2]>) => mul(t, t.dataSync()[0]!), /^ERR_VALUE .*reads a tensor/],
      ['be async', async (t: Tensor<[2]>) => mul(t, await sum(t).item()), /^ERR_VALUE .*reads a tensor/],
      ['be async without a read', async (t: Tensor<[2]>) => t, /^ERR_VALUE .*the function is async/],
      ['return a number', () => 3, /^ERR_VALUE .*got a number/],
      ['return numbers', () => [3], /^ERR_VALUE .*got 3 as item 0/],
      ['keep', (t: Tensor<[2]>) => keep(mul(t, 2)), /^ERR_VALUE keep: .*return the tensor/],
      ['seed', () => void manualSeed(0), /^ERR_VALUE .*manualSeed/],
      ['leave gradients', (t: Tensor<[2]>) => sum(mul(t, w)).backward(), /^ERR_GRADIENT .*leaves gradients behind/],
    ] as [string, (t: Tensor<[2]>) => never, RegExp][])('%s', (_name, f, message) => {
      rand([1]); // a draw, that manualSeed would take back
      expect(code(() => compile(f).sync(x))).toMatch(message);
      expect(w.grad).toBeNull();
    });

    it('gradients from outside', () => {
      const f = compile((t: Tensor<[2]>) => {
        sum(mul(t, w)).backward();
        void sgd.stepSync();
      });
      f.sync(x);
      sum(w).backward();
      expect(code(() => f.sync(x))).toMatch(/^ERR_GRADIENT .*a gradient from outside/);
    });

    it('a parameter after its step', () => {
      const f = compile((t: Tensor<[2]>) => {
        sum(mul(t, w)).backward();
        sgd.stepSync();
        return mul(t, w);
      });
      expect(code(() => f.sync(x))).toMatch(/^ERR_STALE .*after the step/);
    });

    it('a parameter as an argument', () => {
      const f = compile((t: AnyTensor) => mul(t as Tensor<[2]>, 2));
      expect(code(() => f.sync(w))).toMatch(/^ERR_GRADIENT compile: argument 0 needs gradients/);
      expect(plain(f.sync(stopGradient(w)))).toEqual(plain(mul(w, 2)));
    });

    it('itself', () => {
      const f: Compiled<[Tensor<[2]>], Tensor<[2]>> = compile((t: Tensor<[2]>): Tensor<[2]> => f.sync(t));
      expect(code(() => f.sync(x))).toMatch(/^ERR_VALUE .*calls itself/);
    });

    it('a placeholder outside of the call', () => {
      let leaked: AnyTensor | null = null;
      compile((t: Tensor<[2]>) => {
        leaked = mul(t, 2);
        return t;
      }).sync(x);
      expect(code(() => leaked!.dataSync())).toMatch(/^ERR_VALUE .*has no elements outside of its calls/);
    });

    it('arguments that are no tensors', () => {
      const f = compile((t: Tensor<[2]>) => t);
      expect(code(() => f.sync('x' as never))).toMatch(/^ERR_VALUE compile: argument 0 is neither/);
      expect(code(() => compile(3 as never))).toMatch(/^ERR_VALUE compile: expected a function/);
    });
  });

  it('keeps gradients() inside', () => {
    const w = parameter(tensor([3]));
    const slope = compile((x: Tensor<[1]>) => {
      const [dw] = gradients(sum(square(sub(mul(w, x), 1))), [w]);
      return dw!;
    });
    expect(plain(slope.sync(tensor([2])))).toEqual([20]);
  });
});
