import { expect, expectTypeOf, test } from 'vitest';
import type { DType, FloatDType } from '../../lib/dtype.js';
import {
  add,
  arange,
  argmax,
  broadcastTo,
  cast,
  crossEntropy,
  div,
  dropout,
  dynamicSlice,
  equal,
  exp,
  expandDims,
  flatten,
  full,
  gather,
  greater,
  layerNorm,
  logicalNot,
  matmul,
  max,
  maximum,
  mean,
  mse,
  mul,
  oneHot,
  ones,
  onesLike,
  rand,
  randint,
  randn,
  relu,
  reshape,
  scatterAdd,
  sigmoid,
  softmax,
  squeeze,
  sub,
  sum,
  tensor,
  transpose,
  where,
  zeros,
} from '../../lib/ops/index.js';
import type { Shape } from '../../lib/shape.js';
import type { AnyTensor, NestedArray, Parameter, Tensor } from '../../lib/tensor.js';

// What shapes and dtypes the compiler computes; and that the run time computes the same.

/** A number that the type does not know. */
const n: number = [64].length * 64;

/** The type-level claim about `t`, and the same at run time. */
function agrees<S extends Shape, D extends DType>(
  t: Tensor<S, D>,
  shape: readonly number[],
  dtype: string = 'float32',
) {
  expect(t.shape).toEqual(shape);
  expect(t.dtype).toBe(dtype);
  return expectTypeOf(t);
}

const x = randn([64, 1000]);
const w = randn([1000, 10]);
const b = zeros([10]);
const y = add(matmul(x, w), b);
const ints = zeros([64, 10], { dtype: 'int32' });
const labels = zeros([64], { dtype: 'int32' });
const cube = zeros([2, 3, 4]);

test('creation', () => {
  agrees(x, [64, 1000]).toEqualTypeOf<Tensor<[64, 1000]>>();
  agrees(zeros([]), []).toEqualTypeOf<Tensor<[]>>();
  agrees(ones([n, 3], { dtype: 'float64' }), [64, 3], 'float64').toEqualTypeOf<Tensor<[number, 3], 'float64'>>();
  agrees(full([2], 7, { dtype: 'uint8' }), [2], 'uint8').toEqualTypeOf<Tensor<[2], 'uint8'>>();
  agrees(arange(5), [5]).toEqualTypeOf<Tensor<[5]>>();
  agrees(arange(2, 9, { step: 2, dtype: 'int32' }), [4], 'int32').toEqualTypeOf<Tensor<[number], 'int32'>>();
  agrees(rand([2, 3]), [2, 3]).toEqualTypeOf<Tensor<[2, 3]>>();
  agrees(randint([2], { high: 3 }), [2], 'int32').toEqualTypeOf<Tensor<[2], 'int32'>>();
  agrees(onesLike(ints), [64, 10], 'int32').toEqualTypeOf<Tensor<[64, 10], 'int32'>>();
});

test('data', () => {
  agrees(tensor(3), []).toEqualTypeOf<Tensor<[]>>();
  agrees(tensor([[1, 2, 3], [4, 5, 6]]), [2, 3]).toEqualTypeOf<Tensor<[2, 3]>>(); // biome-ignore format: a matrix
  agrees(tensor([true, false]), [2], 'bool').toEqualTypeOf<Tensor<[2], 'bool'>>();
  agrees(tensor([]), [0]).toEqualTypeOf<Tensor<[0]>>();
  agrees(tensor(new Float64Array(6)), [6], 'float64').toEqualTypeOf<Tensor<[number], 'float64'>>();
  agrees(tensor(new Int32Array(6), { shape: [2, 3] }), [2, 3], 'int32').toEqualTypeOf<Tensor<[2, 3], 'int32'>>();
  agrees(tensor([1, 2], { dtype: 'int32' }), [2], 'int32').toEqualTypeOf<Tensor<[2], 'int32'>>();
  const list: number[] = [1, 2, 3];
  agrees(tensor(list), [3]).toEqualTypeOf<Tensor<[number]>>();
  agrees(tensor([list, list]), [2, 3]).toEqualTypeOf<Tensor<[2, number]>>();
  const nested: NestedArray = [[1, 2]];
  agrees(tensor(nested), [1, 2]).toEqualTypeOf<Tensor<number[]>>();
});

test('elementwise ops broadcast', () => {
  agrees(y, [64, 10]).toEqualTypeOf<Tensor<[64, 10]>>();
  agrees(add(zeros([3, 1]), zeros([2, 1, 4])), [2, 3, 4]).toEqualTypeOf<Tensor<[2, 3, 4]>>();
  agrees(mul(zeros([]), y), [64, 10]).toEqualTypeOf<Tensor<[64, 10]>>();
  agrees(y.sub(b).div(2).maximum(0), [64, 10]).toEqualTypeOf<Tensor<[64, 10]>>();
  agrees(add(randn([n, 10]), b), [64, 10]).toEqualTypeOf<Tensor<[number, 10]>>();
  agrees(add(randn([n, 10]), y), [64, 10]).toEqualTypeOf<Tensor<[64, 10]>>();
  agrees(add(y, randn([n, 10])), [64, 10]).toEqualTypeOf<Tensor<[64, 10]>>();
  agrees(maximum(zeros([0, 3]), zeros([1, 3])), [0, 3]).toEqualTypeOf<Tensor<[0, 3]>>();
});

test('a number takes the dtype of the tensor', () => {
  agrees(add(ints, 1), [64, 10], 'int32').toEqualTypeOf<Tensor<[64, 10], 'int32'>>();
  agrees(sub(1, ints), [64, 10], 'int32').toEqualTypeOf<Tensor<[64, 10], 'int32'>>();
  agrees(div(1, zeros([2], { dtype: 'float64' })), [2], 'float64').toEqualTypeOf<Tensor<[2], 'float64'>>();
});

test('comparisons, choices and casts', () => {
  agrees(greater(y, b), [64, 10], 'bool').toEqualTypeOf<Tensor<[64, 10], 'bool'>>();
  agrees(logicalNot(equal(ints, 3)), [64, 10], 'bool').toEqualTypeOf<Tensor<[64, 10], 'bool'>>();
  agrees(where(greater(b, 0), y, 0), [64, 10]).toEqualTypeOf<Tensor<[64, 10]>>();
  agrees(where(greater(y, 0), 1, b), [64, 10]).toEqualTypeOf<Tensor<[64, 10]>>();
  agrees(cast(greater(y, b), 'uint8'), [64, 10], 'uint8').toEqualTypeOf<Tensor<[64, 10], 'uint8'>>();
});

test('matrix products', () => {
  agrees(matmul(zeros([5, 2, 3, 4]), zeros([2, 4, 7])), [5, 2, 3, 7]).toEqualTypeOf<Tensor<[5, 2, 3, 7]>>();
  agrees(cube.matmul(zeros([4, 9])), [2, 3, 9]).toEqualTypeOf<Tensor<[2, 3, 9]>>();
  agrees(matmul(b, transpose(y)), [64]).toEqualTypeOf<Tensor<[64]>>();
  agrees(matmul(y, b), [64]).toEqualTypeOf<Tensor<[64]>>();
  agrees(matmul(b, b), []).toEqualTypeOf<Tensor<[]>>();
  agrees(matmul(randn([n, 1000]), w), [64, 10]).toEqualTypeOf<Tensor<[number, 10]>>();
});

test('reductions', () => {
  agrees(sum(y), []).toEqualTypeOf<Tensor<[]>>();
  agrees(mean(y, { axis: 0 }), [10]).toEqualTypeOf<Tensor<[10]>>();
  agrees(max(cube, { axis: -2 }), [2, 4]).toEqualTypeOf<Tensor<[2, 4]>>();
  agrees(cube.sum({ axis: [0, -1] }), [3]).toEqualTypeOf<Tensor<[3]>>();
  agrees(cube.sum({ axis: [0, -1], keepDims: true }), [1, 3, 1]).toEqualTypeOf<Tensor<[1, 3, 1]>>();
  agrees(cube.mean({ keepDims: true }), [1, 1, 1]).toEqualTypeOf<Tensor<[1, 1, 1]>>();
  agrees(argmax(y, { axis: 1 }), [64], 'int32').toEqualTypeOf<Tensor<[64], 'int32'>>();
  agrees(argmax(y), [], 'int32').toEqualTypeOf<Tensor<[], 'int32'>>();
  agrees(y.softmax({ axis: 0 }), [64, 10]).toEqualTypeOf<Tensor<[64, 10]>>();
});

test('an axis or keepDims known only at run time leaves the shape open', () => {
  const axis: number = n - 63;
  const keepDims: boolean = n === 64;
  agrees(sum(y, { axis }), [64]).toEqualTypeOf<Tensor<number[]>>();
  agrees(sum(y, { axis: 1, keepDims }), [64, 1]).toEqualTypeOf<Tensor<number[]>>();
});

test('views', () => {
  agrees(transpose(cube), [4, 3, 2]).toEqualTypeOf<Tensor<[4, 3, 2]>>();
  agrees(cube.transpose([0, -1, 1]), [2, 4, 3]).toEqualTypeOf<Tensor<[2, 4, 3]>>();
  agrees(reshape(cube, [6, 4]), [6, 4]).toEqualTypeOf<Tensor<[6, 4]>>();
  agrees(reshape(cube, [-1]), [24]).toEqualTypeOf<Tensor<[24]>>();
  agrees(reshape(cube, [2, -1]), [2, 12]).toEqualTypeOf<Tensor<[2, 12]>>();
  agrees(reshape(cube, [8, -1]), [8, 3]).toEqualTypeOf<Tensor<[8, number]>>();
  agrees(reshape(zeros([123, 456]), [456, 123]), [456, 123]).toEqualTypeOf<Tensor<[456, 123]>>();
  agrees(reshape(zeros([999, 999]), [998001]), [998001]).toEqualTypeOf<Tensor<[998001]>>();
  agrees(reshape(randn([n, 4]), [2, 128]), [2, 128]).toEqualTypeOf<Tensor<[2, 128]>>();
  agrees(broadcastTo(b, [3, 10]), [3, 10]).toEqualTypeOf<Tensor<[3, 10]>>();
  agrees(expandDims(y, 1), [64, 1, 10]).toEqualTypeOf<Tensor<[64, 1, 10]>>();
  agrees(expandDims(y, -1), [64, 10, 1]).toEqualTypeOf<Tensor<[64, 10, 1]>>();
  agrees(squeeze(zeros([1, 5, 1]), -1), [1, 5]).toEqualTypeOf<Tensor<[1, 5]>>();
  agrees(flatten(zeros([8, 28, 28]), { startAxis: 1 }), [8, 784]).toEqualTypeOf<Tensor<[8, 784]>>();
  agrees(flatten(cube), [24]).toEqualTypeOf<Tensor<[24]>>();
});

test('rows by index, and losses', () => {
  agrees(gather(w, labels), [64, 10]).toEqualTypeOf<Tensor<[64, 10]>>();
  agrees(scatterAdd(labels, y, 5), [5, 10]).toEqualTypeOf<Tensor<[5, 10]>>();
  agrees(dynamicSlice(x, 3, 8), [8, 1000]).toEqualTypeOf<Tensor<[8, 1000]>>();
  agrees(oneHot(labels, 10, { dtype: 'uint8' }), [64, 10], 'uint8').toEqualTypeOf<Tensor<[64, 10], 'uint8'>>();
  agrees(crossEntropy(y, labels), []).toEqualTypeOf<Tensor<[]>>();
  agrees(crossEntropy(cube, zeros([2, 3], { dtype: 'int32' }), { reduction: 'none' }), [2, 3]).toEqualTypeOf<
    Tensor<[2, 3]>
  >();
  agrees(mse(y, y, { reduction: 'sum' }), []).toEqualTypeOf<Tensor<[]>>();
  agrees(dropout(y, { p: 0.1 }), [64, 10]).toEqualTypeOf<Tensor<[64, 10]>>();
});

test('a helper generic over the batch size', () => {
  function layer<N extends number>(batch: Tensor<[N, 1000]>) {
    return relu(matmul(batch, w).add(b));
  }
  agrees(layer(x), [64, 10]).toEqualTypeOf<Tensor<[64, 10]>>();
  agrees(layer(randn([n, 1000])), [64, 10]).toEqualTypeOf<Tensor<[number, 10]>>();

  function loss<N extends number>(scores: Tensor<[N, 10]>, wanted: Tensor<[N], 'int32'>) {
    return mul(sub(crossEntropy(scores, wanted), 1), 0.5);
  }
  agrees(loss(y, labels), []).toEqualTypeOf<Tensor<[]>>();

  function rowSums<N extends number, M extends number>(a: Tensor<[N, M]>, c: Tensor<[M, 10]>) {
    return matmul(a, c).sum({ axis: 1 });
  }
  agrees(rowSums(x, w), [64]).toEqualTypeOf<Tensor<[64]>>();
});

test('a helper generic over shape and dtype', () => {
  function silu<S extends Shape, D extends FloatDType>(t: Tensor<S, D>) {
    return mul(t, sigmoid(t));
  }
  agrees(silu(cube), [2, 3, 4]).toEqualTypeOf<Tensor<[2, 3, 4]>>();
  agrees(silu(zeros([2], { dtype: 'float64' })), [2], 'float64').toEqualTypeOf<Tensor<[2], 'float64'>>();

  function logistic<S extends Shape, D extends FloatDType>(t: Tensor<S, D>) {
    return div(1, add(exp(t.neg()), 1));
  }
  agrees(logistic(y), [64, 10]).toEqualTypeOf<Tensor<[64, 10]>>();
});

test('an unknown rank is left to run time', () => {
  const anything: Tensor<Shape> = y;
  agrees(add(anything, y), [64, 10]).toEqualTypeOf<Tensor<number[]>>();
  agrees(add(anything, 1), [64, 10]).toEqualTypeOf<Tensor<number[]>>();
  agrees(matmul(anything, zeros([10, 2])), [64, 2]).toEqualTypeOf<Tensor<number[]>>();
  agrees(sum(anything, { axis: 0 }), [10]).toEqualTypeOf<Tensor<number[]>>();
  agrees(softmax(anything), [64, 10]).toEqualTypeOf<Tensor<number[]>>();
  agrees(layerNorm(anything), [64, 10]).toEqualTypeOf<Tensor<number[]>>();
  agrees(layerNorm(y, zeros([10])), [64, 10]).toEqualTypeOf<Tensor<[64, 10]>>();
  agrees(reshape(anything, [64, 10]), [64, 10]).toEqualTypeOf<Tensor<[64, 10]>>();
});

test('variance: a known shape is a tensor of any shape, but not the other way round', () => {
  expectTypeOf<Tensor<[2, 3]>>().toExtend<Tensor<[number, 3]>>();
  expectTypeOf<Tensor<[2, 3]>>().toExtend<Tensor>();
  expectTypeOf<Tensor<[2, 3], 'int32'>>().toExtend<AnyTensor>();
  expectTypeOf<Tensor<[number, 3]>>().not.toExtend<Tensor<[2, 3]>>();
  expectTypeOf<Tensor<[2, 3]>>().not.toExtend<Tensor<[3, 2]>>();
  expectTypeOf<Tensor<[2], 'int32'>>().not.toExtend<Tensor<[2]>>();
});

test('a parameter is a tensor of its shape', () => {
  const p = y as unknown as Parameter<[64, 10]>;
  const q = y as unknown as Parameter<[number, 10]>;
  agrees(mul(p, b), [64, 10]).toEqualTypeOf<Tensor<[64, 10]>>();
  agrees(sub(b, p), [64, 10]).toEqualTypeOf<Tensor<[64, 10]>>();
  agrees(add(q, y), [64, 10]).toEqualTypeOf<Tensor<[64, 10]>>();
  agrees(mul(2, q), [64, 10]).toEqualTypeOf<Tensor<[number, 10]>>();
  agrees(matmul(transpose(p), q), [10, 10]).toEqualTypeOf<Tensor<[10, 10]>>();
});

test('what the caller expects does not decide a shape or a dtype', () => {
  const row = zeros([10]);
  // @ts-expect-error the product of a number and [10] is [10]
  const wide: Tensor<[64, 10]> = mul(2, row);
  // @ts-expect-error zeros are float32 unless told otherwise
  const wrong: Tensor<[10], 'int32'> = zeros([10]);
  // @ts-expect-error so are numbers
  const pair: Tensor<[2], 'int32'> = tensor([1, 2]);
  // @ts-expect-error three elements
  const three: Tensor<[2]> = tensor([1, 2, 3]);
  expect([wide, wrong, pair, three].map((t: AnyTensor) => t.toString())).toEqual([
    'Tensor([10], float32)',
    'Tensor([10], float32)',
    'Tensor([2], float32)',
    'Tensor([3], float32)',
  ]);
});
