import { expect, it } from 'vitest';
import { add, mul, parameter, randn, stats, sum, type Tensor, tensor, zeros } from '../../lib/index.js';
import { Dropout, Linear, Module, ReLU, Sequential } from '../../lib/nn/index.js';
import { SGD } from '../../lib/optim/index.js';
import { Trainer } from '../../lib/train/index.js';

function trainerOf(model: Module): Trainer {
  const loss = (y: Tensor) => sum(y);
  const parameters = [parameter(zeros([1]))];
  return new Trainer({ model, loss: loss as never, optimizer: new SGD(parameters, { learningRate: 0.1 }) });
}

it('predictions are traced once for each shape', async () => {
  const model = new Sequential(new Linear(4, 8), new ReLU(), new Dropout(0.5), new Linear(8, 3));
  const trainer = trainerOf(model);
  const reference = (x: Tensor<[number, 4]>) => model.eval().forward(x as never) as Tensor;
  for (const rows of [1, 5]) {
    for (let k = 0; k < 3; k++) {
      const x = randn([rows, 4], { seed: k });
      const expected = await reference(x).data();
      const built = stats().plansBuilt;
      expect(await (await trainer.predict(x)).data()).toEqual(expected);
      expect(trainer.predictSync(x).dataSync()).toEqual(expected);
      expect(trainer.predictSync((await x.array()) as number[][]).dataSync()).toEqual(expected);
      if (k > 0) expect(stats().plansBuilt).toBe(built);
    }
  }
  model.train();
  expect(trainer.predictSync(zeros([1, 4])).shape).toEqual([1, 3]);
  expect(model.training).toBe(true);
});

it('predictions follow parameters and the fields of modules', async () => {
  class Scaled extends Module {
    weight = parameter(tensor([1, 2]));
    factor = 2;
    readonly offsets = [1];
    override forward(x: Tensor<[2]>) {
      return add(mul(mul(x, this.weight), this.factor), this.offsets[0]!);
    }
  }
  const model = new Scaled();
  const trainer = trainerOf(model);
  const predict = () => Array.from(trainer.predictSync(tensor([1, 1])).dataSync() as ArrayLike<number>);
  expect(predict()).toEqual([3, 5]);
  model.factor = 3;
  expect(predict()).toEqual([4, 7]);
  model.offsets[0] = 0;
  expect(predict()).toEqual([3, 6]);
  model.loadStateDict({ weight: tensor([2, 2]) as never });
  expect(predict()).toEqual([6, 6]);
  model.weight = parameter(tensor([0, 1]));
  expect(predict()).toEqual([0, 3]);
});

it('a model that reads values while it predicts is not traced', async () => {
  class Choosing extends Module {
    override forward(x: Tensor<[2]>) {
      return sum(x).itemSync() > 0 ? mul(x, 2) : x;
    }
  }
  for (const first of ['predict', 'predictSync'] as const) {
    const trainer = trainerOf(new Choosing());
    expect(await (await trainer[first](tensor([1, 2]))).data()).toEqual(Float32Array.of(2, 4));
    expect(await (await trainer.predict(tensor([-1, -2]))).data()).toEqual(Float32Array.of(-1, -2));
    expect(trainer.predictSync(tensor([3, 2])).dataSync()).toEqual(Float32Array.of(6, 4));
  }
});

it('a model may return its input, and predict from what needs gradients', () => {
  class Identity extends Module {
    override forward(x: Tensor<[2]>) {
      return x;
    }
  }
  const trainer = trainerOf(new Identity());
  const w = parameter(tensor([1, 2]));
  const y = trainer.predictSync(w);
  expect(y.dataSync()).toEqual(Float32Array.of(1, 2));
  expect(y).not.toBe(w);
});

it('a model may predict with another trainer, or with itself, in its forward pass', () => {
  class Twice extends Module {
    predictor: Trainer | null = null;
    depth = 0;
    override forward(x: Tensor<[2]>): Tensor {
      if (this.depth === 1) return mul(x, 3);
      this.depth = 1;
      const inner = this.predictor!.predictSync(mul(x, 2));
      this.depth = 0;
      return add(inner, x as never);
    }
  }
  const model = new Twice();
  const trainer = trainerOf(model);
  model.predictor = trainer;
  for (let k = 1; k < 4; k++) {
    expect(trainer.predictSync(tensor([k, 2])).dataSync()).toEqual(Float32Array.of(7 * k, 14));
  }
});
