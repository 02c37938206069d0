// CS231n, lecture 4: what it says of networks.

import {
  type AnyTensor,
  add,
  matmul,
  parameter,
  randn,
  relu,
  sigmoid,
  sub,
  type Tensor,
  tensor,
  transpose,
} from 'gradsmith';
import { Linear, type Module, ReLU, Sequential, Sigmoid } from 'gradsmith/nn';
import { expect, test } from 'vitest';
import { values } from './helpers.js';

async function largest(t: AnyTensor): Promise<number> {
  return Math.max(...(await values(t))[0]!.map(Math.abs));
}

function counts(net: Module): { weights: number; params: number } {
  const sizes = [...net.namedParameters()].map(([name, p]) => [name, p.size] as const);
  const total = (rows: typeof sizes) => rows.reduce((a, [, n]) => a + n, 0);
  return { weights: total(sizes.filter(([name]) => name.endsWith('weight'))), params: total(sizes) };
}

test('L21: 3072 → 100 → 10 has 308,200 weights and 110 biases, and gives 10 scores', () => {
  const net = new Sequential(new Linear(3072, 100), new ReLU(), new Linear(100, 10));
  expect(counts(net)).toEqual({ weights: 308_200, params: 308_310 });
  expect(net.forward(randn([5, 3072])).shape).toEqual([5, 10]);
  const deeper = new Sequential(new Linear(3072, 100), new ReLU(), new Linear(100, 50), new ReLU(), new Linear(50, 10));
  expect(deeper.forward(randn([3072])).shape).toEqual([10]);
});

test('L21: without the non-linearity two layers are one matrix', async () => {
  const options = { dtype: 'float64', seed: 3 } as const;
  const x = randn([8, 30], options);
  const [W1, W2] = [randn([20, 30], { ...options, seed: 4 }), randn([10, 20], { ...options, seed: 5 })];
  const two = matmul(matmul(x, transpose(W1)), transpose(W2));
  const one = matmul(x, transpose(matmul(W2, W1)));
  const scale = await largest(one);
  expect((await largest(sub(two, one))) / scale).toBeLessThanOrEqual(1e-12);
  const bent = matmul(relu(matmul(x, transpose(W1))), transpose(W2));
  expect((await largest(sub(bent, one))) / scale).toBeGreaterThan(0.1);
});

test('L25: a 2-layer net 3-4-2 has 6 neurons, 20 weights, 26 parameters; 3-4-4-1 has 9, 32, 41', () => {
  const two = new Sequential(new Linear(3, 4), new Sigmoid(), new Linear(4, 2));
  const three = new Sequential(new Linear(3, 4), new Sigmoid(), new Linear(4, 4), new Sigmoid(), new Linear(4, 1));
  const neurons = (net: { layers: readonly Module[] }) =>
    net.layers.reduce((n, layer) => n + (layer instanceof Linear ? (layer.outFeatures as number) : 0), 0);
  expect([neurons(two), neurons(three)]).toEqual([6, 9]);
  expect(counts(two)).toEqual({ weights: 20, params: 26 });
  expect(counts(three)).toEqual({ weights: 32, params: 41 });
});

test('L26: a 3-layer net, one example as a column, a batch as columns or as rows', async () => {
  const draw = <const S extends number[]>(shape: readonly [...S], seed: number) =>
    parameter(randn(shape, { dtype: 'float64', seed }));
  const [W1, b1, W2, b2] = [draw([4, 3], 1), draw([4, 1], 2), draw([4, 4], 3), draw([4, 1], 4)];
  const [W3, b3] = [draw([1, 4], 5), draw([1, 1], 6)];
  const forward = (x: Tensor<[3, number], 'float64'>) => {
    const h1 = sigmoid(add(matmul(W1, x), b1));
    const h2 = sigmoid(add(matmul(W2, h1), b2));
    return { h1, h2, out: add(matmul(W3, h2), b3) };
  };
  const batch = randn([3, 7], { dtype: 'float64', seed: 7 });
  const columns = await values(forward(batch).out);
  const rows = add(
    matmul(
      sigmoid(
        add(matmul(sigmoid(add(matmul(transpose(batch), transpose(W1)), transpose(b1))), transpose(W2)), transpose(b2)),
      ),
      transpose(W3),
    ),
    transpose(b3),
  );
  expect(rows.shape).toEqual([7, 1]);
  const [asRows] = await values(rows);
  const data = await batch.data();
  for (let i = 0; i < 7; i++) {
    const x = tensor(
      [0, 1, 2].map((r) => [data[7 * r + i]!]),
      { dtype: 'float64' },
    ) as unknown as Tensor<[3, 1], 'float64'>;
    const { h1, h2, out } = forward(x);
    expect([h1.shape, h2.shape, out.shape]).toEqual([[4, 1], [4, 1], [1, 1]]); // biome-ignore format: shapes
    const alone = await out.item();
    expect(Math.abs(columns[0]![i]! - alone)).toBeLessThanOrEqual(1e-12);
    expect(Math.abs(asRows![i]! - alone)).toBeLessThanOrEqual(1e-12);
  }
});
