// Products whose operands are rounded to bfloat16: values, gradients, threads, modes, and where the precision comes from.
import { afterEach, describe, expect, it } from 'vitest';
import { planCache } from '../../lib/graph/cache.js';
import {
  type AnyTensor,
  compile,
  evaluateSync,
  explain,
  type MatmulPrecision,
  matmul,
  mul,
  parameter,
  randn,
  relu,
  setEager,
  setMatmulPrecision,
  setThreads,
  stats,
  sum,
  type Tensor,
  tensor,
  transpose,
  withMatmulPrecision,
} from '../../lib/index.js';
import { Linear } from '../../lib/nn/index.js';
import { SGD } from '../../lib/optim/index.js';

const { threads } = stats();
afterEach(() => {
  setThreads(threads);
  setMatmulPrecision('float32');
});

const bfloat16 = { precision: 'bfloat16' } as const;
type Matrix = Tensor<[number, number]>;

/** The nearest bfloat16, ties to even. */
function rounded(x: number): number {
  const [float, bits] = [new Float32Array([x]), new Uint32Array(1)];
  bits[0] = new Uint32Array(float.buffer)[0]!;
  bits[0] = (bits[0]! + 0x7fff + ((bits[0]! >>> 16) & 1)) & 0xffff0000;
  return new Float32Array(bits.buffer)[0]!;
}

/** In float64, of rounded operands; `size` is the sum of the terms' magnitudes. */
function reference(a: Matrix, b: Matrix): { value: number[]; size: number[] } {
  const [[m, k], n] = [a.shape, b.shape[1]];
  const [x, y] = [Array.from(a.dataSync(), rounded), Array.from(b.dataSync(), rounded)];
  const [value, size] = [new Array<number>(m * n).fill(0), new Array<number>(m * n).fill(0)];
  for (let i = 0; i < m; i++)
    for (let j = 0; j < n; j++)
      for (let p = 0; p < k; p++) {
        const term = x[i * k + p]! * y[p * n + j]!;
        value[i * n + j]! += term;
        size[i * n + j]! += Math.abs(term);
      }
  return { value, size };
}

function expectProduct(got: ArrayLike<number>, a: Matrix, b: Matrix): void {
  const { value, size } = reference(a, b);
  const k = a.shape[1];
  value.forEach((want, i) => {
    expect(Math.abs(got[i]! - want), `element ${i}: ${got[i]}, not ${want}`).toBeLessThanOrEqual(
      (k + 2) * 2 ** -23 * size[i]! + Number.MIN_VALUE,
    );
  });
}

const random = (rows: number, columns: number, seed: number): Matrix => randn([rows, columns], { seed });

describe('a product in bfloat16', () => {
  it.each([
    [1, 1, 1],
    [1, 40, 33],
    [3, 5, 2],
    [17, 1, 70],
    [33, 65, 31],
    [64, 100, 200],
  ])('%i x %i, %i terms, each operand as it is or transposed', (m, n, k) => {
    const [a, b] = [random(m, k, 1), random(k, n, 2)];
    const [at, bt] = [transpose(transpose(a).add(0)) as Matrix, transpose(transpose(b).add(0)) as Matrix];
    for (const x of [a, at]) for (const y of [b, bt]) expectProduct(matmul(x, y, bfloat16).dataSync(), a, b);
  });

  it('of batches and vectors', () => {
    const [a, b] = [randn([3, 4, 5], { seed: 1 }), randn([5, 6], { seed: 2 })];
    const y = matmul(a, b, bfloat16);
    expect(y.shape).toEqual([3, 4, 6]);
    expectProduct(y.dataSync(), a.reshape([12, 5]), b);
    const [v, w] = [randn([5], { seed: 3 }), randn([3, 5, 2], { seed: 4 })];
    expectProduct(matmul(v, b, bfloat16).dataSync(), v.reshape([1, 5]), b);
    expectProduct(matmul(b.transpose(), v, bfloat16).dataSync(), b.transpose(), v.reshape([5, 1]));
    const z = matmul(a, w, bfloat16).dataSync();
    const [as, ws] = [a.dataSync(), w.dataSync()];
    for (let q = 0; q < 3; q++) {
      const [one, other] = [as.slice(q * 20, q * 20 + 20), ws.slice(q * 10, q * 10 + 10)];
      expectProduct(z.slice(q * 8, q * 8 + 8), tensor(one, { shape: [4, 5] }), tensor(other, { shape: [5, 2] }));
    }
  });

  it('has gradients in bfloat16', () => {
    const [a, b] = [parameter(random(20, 30, 1)), parameter(random(30, 10, 2))];
    const dy = random(20, 10, 3);
    sum(mul(matmul(a, b, bfloat16), dy)).backward();
    expectProduct(a.grad!.dataSync(), dy, b.transpose());
    expectProduct(b.grad!.dataSync(), a.transpose(), dy);
  });

  it('has the same bits on any number of threads, in groups, without them, and op by op', () => {
    const [a, b, dy] = [random(128, 300, 1), random(300, 200, 2), random(128, 200, 3)];
    const run = (): AnyTensor[] => {
      const [x, w] = [parameter(a), parameter(b)];
      const y = relu(matmul(x, w, bfloat16));
      sum(mul(y, dy)).backward();
      const results = [y, x.grad!, w.grad!] as AnyTensor[];
      evaluateSync(...results);
      return results;
    };
    const bits = () => run().map((t) => t.dataSync());
    setThreads(1);
    const alone = bits();
    for (const n of [2, 3]) {
      setThreads(n);
      expect(bits()).toEqual(alone);
    }
    const { fused } = planCache;
    try {
      planCache.fused = !fused;
      expect(bits()).toEqual(alone);
    } finally {
      planCache.fused = fused;
    }
    try {
      setEager(true);
      expect(bits()).toEqual(alone);
    } finally {
      setEager(process.env.GRADSMITH_EAGER === '1');
    }
  });

  it('is a plan of its own, which says so', () => {
    const [a, b] = [random(4, 5, 1), random(5, 3, 2)];
    const exact = matmul(a, b).dataSync();
    const rough = matmul(a, b, bfloat16).dataSync();
    expect(rough).not.toEqual(exact);
    expect(matmul(a, b).dataSync()).toEqual(exact);
    expect(matmul(a, b, bfloat16).dataSync()).toEqual(rough);
    setEager(false);
    expect(explain(matmul(a, b, bfloat16))).toContain('bfloat16 operands');
    expect(explain(relu(matmul(a, b, bfloat16)))).toContain('bfloat16 operands');
    expect(explain(relu(matmul(a, b)))).not.toContain('bfloat16');
    setEager(process.env.GRADSMITH_EAGER === '1');
  });
});

describe('where the precision comes from', () => {
  const [one, odd] = [tensor([[1]]), tensor([[1 + 2 ** -9]])];
  const isRough = (precision?: MatmulPrecision) =>
    matmul(odd, one, precision === undefined ? {} : { precision }).itemSync() === 1;

  it('the call, else the innermost scope, else the setting', () => {
    expect(isRough()).toBe(false);
    setMatmulPrecision('bfloat16');
    expect(isRough()).toBe(true);
    expect(isRough('float32')).toBe(false);
    withMatmulPrecision('float32', () => {
      expect(isRough()).toBe(false);
      expect(withMatmulPrecision('bfloat16', () => isRough())).toBe(true);
      expect(isRough()).toBe(false);
    });
    expect(isRough()).toBe(true);
    expect(() =>
      withMatmulPrecision('float32', () => {
        throw new Error('out');
      }),
    ).toThrow('out');
    expect(isRough()).toBe(true);
  });

  it('float64 is left alone by the setting, and refused where it is asked for', () => {
    setMatmulPrecision('bfloat16');
    const [a, b] = [tensor([[1 + 2 ** -40]], { dtype: 'float64' }), tensor([[1]], { dtype: 'float64' })];
    expect(matmul(a, b).itemSync()).toBe(1 + 2 ** -40);
    expect(() => matmul(a, b, bfloat16)).toThrow(
      expect.objectContaining({
        code: 'ERR_DTYPE',
        message:
          'matmul: precision bfloat16 takes float32 operands, got float64 (cast them, or leave the precision out)',
      }),
    );
    expect(matmul(a, b, { precision: 'float32' }).itemSync()).toBe(1 + 2 ** -40);
  });

  it.each(['float16', 'BFLOAT16', '', null, 1])('%j is no precision', (wrong) => {
    const precision = wrong as MatmulPrecision;
    const what = (name: string) =>
      expect.objectContaining({
        code: 'ERR_VALUE',
        message: `${name}: expected a precision of 'float32' or 'bfloat16', got ${typeof wrong === 'string' ? `'${wrong}'` : wrong}`,
      });
    expect(() => matmul(one, odd, { precision })).toThrow(what('matmul'));
    expect(() => setMatmulPrecision(precision)).toThrow(what('setMatmulPrecision'));
    expect(() => withMatmulPrecision(precision, () => 0)).toThrow(what('withMatmulPrecision'));
    expect(isRough()).toBe(false);
  });

  it('a compiled function is traced for each setting', () => {
    const product = compile((x: Tensor<[1, 1]>) => matmul(x, one));
    expect(product.sync(odd).itemSync()).toBe(1 + 2 ** -9);
    setMatmulPrecision('bfloat16');
    expect(product.sync(odd).itemSync()).toBe(1);
    setMatmulPrecision('float32');
    const { plansBuilt } = stats();
    expect(product.sync(odd).itemSync()).toBe(1 + 2 ** -9);
    expect(stats().plansBuilt).toBe(plansBuilt);
  });

  it('a layer and its optimizer: the update adds the product that was asked for', async () => {
    const weights = async (precision: MatmulPrecision) => {
      setMatmulPrecision(precision);
      const layer = new Linear(40, 20, { weightInit: (shape) => randn(shape, { seed: 5 }) as never, bias: false });
      const sgd = new SGD(layer.parameters(), { learningRate: 0.5 });
      sum(mul(layer.forward(random(16, 40, 1)), random(16, 20, 2))).backward();
      await sgd.step();
      return layer.weight.dataSync();
    };
    const before = randn([20, 40], { seed: 5 }).dataSync();
    const gradient = matmul(random(16, 20, 2).transpose(), random(16, 40, 1), bfloat16).dataSync();
    const after = await weights('bfloat16');
    expect(after).toEqual(before.map((w, i) => w - Math.fround(Math.fround(0.5) * gradient[i]!)));
    expect(await weights('float32')).not.toEqual(after);
  });
});
