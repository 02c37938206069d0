import { type Tensor, zeros } from 'gradsmith';
import { Dropout, LayerNorm, Linear, ReLU, Sequential } from 'gradsmith/nn';
import { expectTypeOf, test } from 'vitest';

test('shapes flow through layers', () => {
  const net = new Sequential(new Linear(64, 32), new ReLU(), new Dropout(0.1), new Linear(32, 10));
  expectTypeOf(net.inFeatures).toEqualTypeOf<64>();
  expectTypeOf(net.outFeatures).toEqualTypeOf<10>();
  expectTypeOf(net.forward(zeros([5, 64]))).toEqualTypeOf<Tensor<[5, 10]>>();
  expectTypeOf(new Linear(3, 2).forward(zeros([7, 5, 3]))).toEqualTypeOf<Tensor<[7, 5, 2]>>();
  expectTypeOf(new Linear(3, 2, { dtype: 'float64' }).weight.dtype).toEqualTypeOf<'float64'>();
  const normed = new Sequential(new Linear(3, 2), new LayerNorm(2));
  expectTypeOf(normed.forward(zeros([7, 3]))).toEqualTypeOf<Tensor<[7, 2]>>();
  // @ts-expect-error: Sequential: layer 1 takes 3 features but gets 2
  expectTypeOf(() => new Sequential(new Linear(3, 2), new LayerNorm(3))).toBeFunction();
  const batch = zeros([5, 64]) as Tensor<[number, 64]>;
  expectTypeOf(net.forward(batch)).toEqualTypeOf<Tensor<[number, 10]>>();
  const nested = new Sequential(net, new ReLU(), new Linear(10, 3));
  expectTypeOf(nested.forward(batch)).toEqualTypeOf<Tensor<[number, 3]>>();
});
