import { type Tensor, zeros } from 'gradsmith';
import { Dropout, Linear, ReLU, Sequential } from 'gradsmith/nn';
import { expectTypeOf, test } from 'vitest';

test('shapes flow through layers', () => {
  const net = new Sequential(new Linear(64, 32), new ReLU(), new Dropout(0.1), new Linear(32, 10));
  expectTypeOf(net.inFeatures).toEqualTypeOf<64>();
  expectTypeOf(net.outFeatures).toEqualTypeOf<10>();
  expectTypeOf(net.forward(zeros([5, 64]))).toEqualTypeOf<Tensor<[5, 10]>>();
  expectTypeOf(new Linear(3, 2).forward(zeros([7, 5, 3]))).toEqualTypeOf<Tensor<[7, 5, 2]>>();
  expectTypeOf(new Linear(3, 2, { dtype: 'float64' }).weight.dtype).toEqualTypeOf<'float64'>();
  const batch = zeros([5, 64]) as Tensor<[number, 64]>;
  expectTypeOf(net.forward(batch)).toEqualTypeOf<Tensor<[number, 10]>>();
  const nested = new Sequential(net, new ReLU(), new Linear(10, 3));
  expectTypeOf(nested.forward(batch)).toEqualTypeOf<Tensor<[number, 3]>>();
});
