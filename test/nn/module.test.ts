import { add, type GradsmithError, manualSeed, parameter, relu, type Tensor, tensor, zeros } from 'gradsmith';
import { Dropout, LayerNorm, Linear, Module, ReLU, Sequential, Sigmoid, Tanh } from 'gradsmith/nn';
import { expect, test } from 'vitest';

class Residual extends Module {
  linear = new Linear(4, 4);
  tail = [new Linear(4, 3), new Tanh()];
  scale = parameter(tensor([2]));
  constant = tensor([1]);
  override forward(x: Tensor<[number, 4]>) {
    return add(x, relu(this.linear.forward(x)));
  }
}

function codeOf(f: () => unknown): [string, string] {
  try {
    f();
  } catch (error) {
    return [(error as GradsmithError).code, (error as Error).message];
  }
  return ['none', ''];
}

test('parameters are found in fields, modules and arrays of modules; plain tensors are not parameters', () => {
  const names = [...new Residual().namedParameters()].map(([name]) => name);
  expect(names).toEqual(['scale', 'linear.weight', 'linear.bias', 'tail.0.weight', 'tail.0.bias']);
  expect([...new Sequential(new ReLU(), new Residual()).namedParameters()][0]![0]).toBe('1.scale');
});

test('a shared layer is trained once, and is in the state dict under both names', async () => {
  const shared = new Linear(4, 4);
  const net = new Sequential(shared, new ReLU(), shared);
  expect([...net.namedParameters()].map(([name]) => name)).toEqual(['0.weight', '0.bias']);
  expect(Object.keys(await net.stateDict())).toEqual(['0.weight', '0.bias', '2.weight', '2.bias']);
});

test('a module that contains itself is an error, not an endless loop', () => {
  const net = new Residual() as Residual & { inner?: Module };
  net.inner = net;
  expect(codeOf(() => net.parameters())).toEqual(['ERR_VALUE', 'Module: inner contains itself']);
});

test('train and eval reach every module inside', () => {
  const net = new Sequential(new Residual(), new Dropout(0.3));
  net.eval();
  expect([...net.modules()].map((m) => m.training)).toEqual(new Array(6).fill(false));
  net.train();
  expect([...net.modules()].every((m) => m.training)).toBe(true);
});

test('a state dict is a copy, and loading it brings the model back', async () => {
  const net = new Sequential(new Linear(3, 5), new Sigmoid(), new Linear(5, 2));
  const x = tensor([[1, -2, 3]]);
  const [before, saved] = [await net.forward(x).data(), await net.stateDict()];
  net.loadStateDict(await new Sequential(new Linear(3, 5), new Sigmoid(), new Linear(5, 2)).stateDict());
  expect(await net.forward(x).data()).not.toEqual(before);
  net.loadStateDict(saved);
  expect(await net.forward(x).data()).toEqual(before);
  expect(net.stateDictSync()['2.bias']!.dataSync()).toEqual(await saved['2.bias']!.data());
});

test('a state dict that does not fit is refused and changes nothing', async () => {
  const net = new Linear(3, 2);
  const before = await net.stateDict();
  const load = (dict: Record<string, Tensor>, strict?: boolean) =>
    codeOf(() => net.loadStateDict(dict, strict === undefined ? {} : { strict }));
  const bias = tensor([7, 7]);
  expect(load({ bias })).toEqual(['ERR_VALUE', 'Linear.loadStateDict: missing weight (strict: false ignores it)']);
  expect(load({ ...before, gain: bias } as never)).toEqual([
    'ERR_VALUE',
    'Linear.loadStateDict: unknown gain (strict: false ignores it)',
  ]);
  expect(load({ bias, weight: zeros([3, 2]) as never })).toEqual([
    'ERR_SHAPE',
    'Linear.loadStateDict: weight has shape [2, 3], got [3, 2]',
  ]);
  expect(load({ bias, weight: zeros([2, 3], { dtype: 'float64' }) as never })).toEqual([
    'ERR_DTYPE',
    'Linear.loadStateDict: weight is float32, got float64',
  ]);
  expect(await net.bias!.data()).toEqual(await before.bias!.data());
  expect(load({ bias }, false)).toEqual(['none', '']);
  expect(Array.from(await net.bias!.data())).toEqual([7, 7]);
  expect(await net.weight.data()).toEqual(await before.weight!.data());
});

test('the same seed gives the same weights', async () => {
  const make = async (seed: number) => {
    manualSeed(seed);
    return new Linear(6, 4).weight.data();
  };
  expect(await make(3)).toEqual(await make(3));
  expect(await make(3)).not.toEqual(await make(4));
});

test('dropout drops while training and passes everything on otherwise', async () => {
  manualSeed(1);
  const layer = new Dropout(0.25);
  const x = tensor(new Float32Array(10_000).fill(3));
  const dropped = await layer.forward(x).data();
  const kept = dropped.filter((v) => v !== 0);
  expect(Math.abs(kept.length / 10_000 - 0.75)).toBeLessThan(0.02);
  expect(new Set(kept)).toEqual(new Set([4]));
  expect(await layer.eval().forward(x).data()).toEqual(await x.data());
  expect(codeOf(() => new Dropout(1))[0]).toBe('ERR_VALUE');
});

test('LayerNorm starts as plain normalisation, with the names of PyTorch', async () => {
  const layer = new LayerNorm(4, { eps: 0 });
  expect([...layer.namedParameters()].map(([name]) => name)).toEqual(['weight', 'bias']);
  expect(await layer.forward(tensor([[1, 1, 3, 3]])).array()).toEqual([[-1, -1, 1, 1]]);
  expect(await new LayerNorm(2).forward(tensor([5, 5])).array()).toEqual([0, 0]);
  // Far from 0, where the mean of squares would have no digits left for the variance.
  expect(await layer.forward(tensor([[16384, 16384, 16386, 16386]])).array()).toEqual([[-1, -1, 1, 1]]);
  expect(new LayerNorm(3, { dtype: 'float64' }).weight.dtype).toBe('float64');
  expect(codeOf(() => new LayerNorm(0))).toEqual(['ERR_VALUE', 'LayerNorm: expected a number of features >= 1, got 0']);
  expect(codeOf(() => new LayerNorm(2, { eps: -1 }))).toEqual(['ERR_VALUE', 'LayerNorm: expected eps >= 0, got -1']);
  expect(codeOf(() => layer.forward(zeros([2, 3]) as never))).toEqual([
    'ERR_SHAPE',
    'LayerNorm: expected 4 features, got [2, 3]',
  ]);
});

test('a Linear without bias has none', () => {
  const layer = new Linear(2, 3, { bias: false });
  expect([...layer.namedParameters()].map(([name]) => name)).toEqual(['weight']);
  expect(layer.forward(zeros([2])).shape).toEqual([3]);
});

test('layers that do not fit are compile errors and, from untyped code, run-time errors', () => {
  // @ts-expect-error "Sequential: layer 2 takes 256 features but gets 512"
  const net = new Sequential(new Linear(784, 512), new ReLU(), new Linear(256, 10));
  // @ts-expect-error "Linear: expected 3 features, got [5, 4]"
  expect(codeOf(() => new Linear(3, 2).forward(zeros([5, 4])))).toEqual([
    'ERR_SHAPE',
    'Linear: expected 3 features, got [5, 4]',
  ]);
  expect(codeOf(() => net.forward(zeros([2, 784]) as never))).toEqual([
    'ERR_SHAPE',
    'Linear: expected 256 features, got [2, 512]',
  ]);
});
