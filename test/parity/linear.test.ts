// Linear, names of parameters and initialisation against PyTorch (generate.py).

import { gradients, mul, parameter, sum, type Tensor } from 'gradsmith';
import { init, Linear, ReLU, Sequential, type StateDict } from 'gradsmith/nn';
import { describe, expect, test } from 'vitest';
import { type Dumped, distance, load, readParity } from '../fixtures/parity.js';

interface LinearFixture {
  x: Dumped;
  state: Record<'weight' | 'bias', Dumped>;
  value: Dumped;
  seed: Dumped;
  gradients: Record<'x' | 'weight' | 'bias', Dumped>;
  sequentialNames: Record<string, number[]>;
}
const fixture = readParity<LinearFixture>('linear');

test('Linear forward and backward equal PyTorch', async () => {
  const layer = new Linear(3, 4, { dtype: 'float64' });
  const state = Object.fromEntries(Object.entries(fixture.state).map(([name, dump]) => [name, load(dump)]));
  layer.loadStateDict(state as unknown as StateDict);
  const x = parameter(load(fixture.x)) as unknown as Tensor<[5, 3], 'float64'>;
  const y = layer.forward(x);
  expect(y.shape).toEqual([5, 4]);
  expect(distance(await y.data(), fixture.value.data)).toBeLessThan(1e-14);
  const weighted = sum(mul(y, load(fixture.seed) as unknown as typeof y));
  const [dx, dw, db] = gradients(weighted, [x, layer.weight, layer.bias!]);
  for (const [g, name] of [
    [dx, 'x'],
    [dw, 'weight'],
    [db, 'bias'],
  ] as const) {
    // biome-ignore format: pairs
    expect(g!.shape).toEqual(fixture.gradients[name].shape);
    expect(distance(await g!.data(), fixture.gradients[name].data), name).toBeLessThan(1e-13);
  }
});

test('parameters are named and laid out as in PyTorch', () => {
  const net = new Sequential(new Linear(3, 4), new ReLU(), new Linear(4, 2));
  expect(Object.fromEntries([...net.namedParameters()].map(([name, p]) => [name, p.shape]))).toEqual(
    fixture.sequentialNames,
  );
});

interface Drawn {
  kind: 'uniform' | 'normal';
  low: number;
  high: number;
  mean: number;
  std: number;
}
interface InitRow extends Drawn {
  rule: 'heUniform' | 'heNormal' | 'xavierUniform' | 'xavierNormal';
  shape: number[];
  mode?: 'fanOut';
  gain?: number;
}
const inits = readParity<{
  rows: InitRow[];
  linear: { inFeatures: number; weight: Drawn; largestBias: number }[];
  gains: Record<string, number>;
}>('init');

/** What these numbers were drawn from, as `uniform` or `normal` of the same seed would have given them. */
async function expectDrawn(weight: Tensor<never, 'float64'>, { kind, ...bounds }: Drawn, seed: number) {
  const expected = init[kind]([...(weight.shape as readonly number[])], { ...bounds, dtype: 'float64', seed });
  expect(distance((await weight.data()) as Float64Array, await expected.data())).toBeLessThan(1e-15);
}

describe('initialisation draws from the distribution that PyTorch draws from', () => {
  test.each(inits.rows.map((r) => [`${r.rule} ${r.shape} ${r.mode ?? ''} ${r.gain ?? ''}`, r] as const))(
    '%s',
    async (_, row) => {
      const { rule, shape, mode, gain, ...drawn } = row;
      const options = { dtype: 'float64' as const, seed: 5, ...(mode && { mode }), ...(gain && { gain }) };
      await expectDrawn(init[rule](shape, options) as never, drawn, 5);
    },
  );

  test.each(inits.linear)('Linear of $inFeatures features', async ({ inFeatures, weight, largestBias }) => {
    await expectDrawn(init.torchDefault([7, inFeatures], { dtype: 'float64', seed: 5 }) as never, weight, 5);
    const layer = new Linear(inFeatures, 4000, { dtype: 'float64' });
    for (const p of layer.parameters()) {
      const reach = ((await p.data()) as Float64Array).reduce((most, v) => Math.max(most, Math.abs(v)), 0);
      expect(reach).toBeLessThanOrEqual(weight.high);
      expect(reach / largestBias).toBeGreaterThan(0.998); // the largest of 4000 draws or more, here and there
    }
  });

  test.each(Object.entries(inits.gains))('gain of %s', (name, gain) => {
    expect(init.gainOf(name as init.Nonlinearity)).toBeCloseTo(gain, 14);
  });
});

test('uniform and normal have the moments they are asked for', async () => {
  const moments = async (t: Tensor<number[], 'float64'>) => {
    const data = await t.data();
    const mean = data.reduce((a, b) => a + b, 0) / data.length;
    return { mean, std: Math.sqrt(data.reduce((a, b) => a + (b - mean) ** 2, 0) / data.length), data };
  };
  const options = { dtype: 'float64', seed: 11 } as const;
  const u = await moments(init.uniform([40_000], { low: -3, high: 5, ...options }));
  expect(Math.min(...u.data.subarray(0, 10_000))).toBeGreaterThanOrEqual(-3);
  expect(Math.max(...u.data.subarray(0, 10_000))).toBeLessThan(5);
  expect(u.mean).toBeCloseTo(1, 1); // standard error 0.012
  expect(u.std).toBeCloseTo(8 / Math.sqrt(12), 1);
  const n = await moments(init.normal([40_000], { mean: 2, std: 3, ...options }));
  expect(Math.abs(n.mean - 2)).toBeLessThan(0.06); // 4 standard errors
  expect(Math.abs(n.std - 3)).toBeLessThan(0.05);
  expect(await init.zeros([3]).data()).toEqual(new Float32Array(3));
  expect(await init.ones([2]).data()).toEqual(new Float32Array([1, 1]));
});
