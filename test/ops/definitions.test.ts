import {
  add,
  argmax,
  cast,
  crossEntropy,
  div,
  dynamicSlice,
  equal,
  gather,
  gradients,
  logSoftmax,
  matmul,
  max,
  maximum,
  mean,
  min,
  minimum,
  mse,
  neg,
  notEqual,
  oneHot,
  ones,
  parameter,
  relu,
  reshape,
  scatterAdd,
  sigmoid,
  sign,
  softmax,
  sqrt,
  stopGradient,
  sum,
  type Tensor,
  tanh,
  tensor,
  transpose,
  where,
  zeros,
} from 'gradsmith';
import { describe, expect, test } from 'vitest';
import { lazily } from '../lazy.js';

// What the derived tests do not draw: the edges of definitions, conventions, and errors that only data can cause.

const { NaN: nan, POSITIVE_INFINITY: inf, NEGATIVE_INFINITY: ninf } = Number;
const error = (code: string, message: string) => expect.objectContaining({ name: 'GradsmithError', code, message });
const int = (...values: number[]) => tensor(values, { dtype: 'int32' });
const f32 = (...values: number[]) => new Float32Array(values);

/** The gradient of sum(f(x)) at these numbers. */
async function slope(f: (x: Tensor<number[]>) => Tensor<number[]>, ...at: number[]): Promise<Float32Array> {
  const x = parameter(tensor(at) as Tensor<number[]>);
  const [dx] = gradients(sum(f(x)), [x]);
  return dx!.data();
}

describe('IEEE', () => {
  const x = tensor([nan, inf, ninf, -0]);

  test('NaN propagates through maximum, minimum and relu', async () => {
    expect(await maximum(x, 0).data()).toEqual(f32(nan, inf, 0, 0));
    expect((await minimum(x, 0).data())[0]).toBeNaN();
    expect(await relu(x).data()).toEqual(f32(nan, inf, 0, 0));
    expect(await max(x).item()).toBeNaN();
    expect(await min(x).item()).toBeNaN();
  });

  test('NaN equals nothing, differs from everything', async () => {
    expect(await equal(x, x).data()).toEqual(new Uint8Array([0, 1, 1, 1]));
    expect(await notEqual(x, x).data()).toEqual(new Uint8Array([1, 0, 0, 0]));
    expect(await equal(tensor([0]), -0).data()).toEqual(new Uint8Array([1]));
  });

  test('zero divides into infinities, and keeps its sign', async () => {
    expect(await div(1, tensor([0, -0])).data()).toEqual(f32(inf, ninf));
    expect(await div(0, tensor([0])).item()).toBeNaN();
    expect(Object.is(await neg(tensor([0])).item(), -0)).toBe(true);
    expect(Object.is((await add(tensor([-0]), zeros([1])).data())[0], 0)).toBe(true);
    expect(await sqrt(tensor([-1])).item()).toBeNaN();
    expect(await sign(x).data()).toEqual(f32(nan, 1, -1, -0));
  });
});

describe('integers', () => {
  test('wrap, truncate, and divide by zero to 0', async () => {
    expect(await add(int(2 ** 31 - 1), 1).data()).toEqual(new Int32Array([-(2 ** 31)]));
    expect(await div(int(7, -7, 1), int(2, 2, 0)).data()).toEqual(new Int32Array([3, -3, 0]));
    expect(
      await tensor(new Uint8Array([200]))
        .mul(2)
        .data(),
    ).toEqual(new Uint8Array([144]));
  });

  test('refuse numbers that they do not have', () => {
    expect(() => int(1).mul(0.5)).toThrow(
      error('ERR_DTYPE', 'mul: 0.5 is not a number of dtype int32; cast the tensor first'),
    );
    expect(() => tensor(new Uint8Array(1)).add(-1)).toThrow(
      error('ERR_DTYPE', 'add: -1 is not a number of dtype uint8; cast the tensor first'),
    );
  });

  test('come from floats by truncation, saturating, NaN as 0', async () => {
    const x = tensor([1.9, -1.9, 3e9, -3e9, nan]);
    expect(await cast(x, 'int32').data()).toEqual(new Int32Array([1, -1, 2 ** 31 - 1, -(2 ** 31), 0]));
    expect(await cast(x, 'uint8').data()).toEqual(new Uint8Array([1, 0, 255, 0, 0]));
    expect(await cast(x, 'bool').data()).toEqual(new Uint8Array([1, 1, 1, 1, 1]));
    expect(await cast(tensor([0.5, 0, -0]), 'bool').data()).toEqual(new Uint8Array([1, 0, 0]));
    expect(await cast(int(300, -1), 'uint8').data()).toEqual(new Uint8Array([44, 255]));
  });
});

describe('nothing', () => {
  test('has sum 0, mean NaN, max -Infinity, min Infinity', async () => {
    const none = zeros([0, 3]);
    expect(await sum(none).item()).toBe(0);
    expect(await mean(none).item()).toBeNaN();
    expect(await max(none, { axis: 0 }).data()).toEqual(f32(ninf, ninf, ninf));
    expect(await min(none, { axis: 0 }).data()).toEqual(f32(inf, inf, inf));
    expect(await max(zeros([0], { dtype: 'int32' })).item()).toBe(-(2 ** 31));
    expect(await min(zeros([0], { dtype: 'int32' })).item()).toBe(2 ** 31 - 1);
    expect(() => argmax(none, { axis: 0 })).toThrow(error('ERR_SHAPE', 'argmax: axis 0 of [0, 3] is empty'));
  });

  test('multiplies: a product over an empty inner dimension is 0', async () => {
    expect(await matmul(zeros([2, 0]), zeros([0, 3])).data()).toEqual(new Float32Array(6));
    expect(matmul(zeros([0, 2]), zeros([2, 3])).shape).toEqual([0, 3]);
  });
});

describe('no overflow at ±1000', () => {
  const x = tensor([1000, -1000]);
  const labels = int(0, 1);
  const logits = tensor([
    [1000, -1000],
    [1000, -1000],
  ]);

  test('values', async () => {
    expect(await sigmoid(x).data()).toEqual(f32(1, 0));
    expect(await tanh(x).data()).toEqual(f32(1, -1));
    expect(await softmax(x).data()).toEqual(f32(1, 0));
    expect(await logSoftmax(x).data()).toEqual(f32(0, -2000));
    expect(await crossEntropy(logits, labels, { reduction: 'none' }).data()).toEqual(f32(0, 2000));
  });

  test('gradients', async () => {
    expect(await slope(sigmoid, 1000, -1000)).toEqual(f32(0, 0));
    const p = parameter(logits);
    const [dp] = gradients(crossEntropy(p, labels, { reduction: 'sum' }), [p]);
    expect(await dp!.array()).toEqual([
      [0, 0],
      [1, -1],
    ]);
  });

  test('rows of infinities are what the definition says', async () => {
    expect(await softmax(tensor([ninf, 0])).data()).toEqual(f32(0, 1));
    expect(await softmax(tensor([ninf, ninf])).data()).toEqual(f32(nan, nan));
    expect(await logSoftmax(tensor([ninf, 0])).data()).toEqual(f32(ninf, 0));
  });
});

describe('conventions where there is no derivative', () => {
  test('relu, abs and sign at 0', async () => {
    expect(await slope(relu, -1, 0, 1)).toEqual(f32(0, 0, 1));
    expect(await slope((x) => x.abs(), -1, 0, 1)).toEqual(f32(-1, 0, 1));
    const x = parameter(tensor([2]));
    expect(gradients(sum(add(sign(x), x)), [x])[0]!.dataSync()).toEqual(f32(1));
  });

  test('the first of two equal operands takes the gradient of maximum and minimum', async () => {
    for (const f of [maximum, minimum]) {
      const [a, b] = [parameter(ones([1])), parameter(ones([1]))];
      const [da, db] = gradients(sum(f(a, b)), [a, b]);
      expect([await da!.item(), await db!.item()]).toEqual([1, 0]);
    }
  });

  test('equal winners of max and min share the gradient, as in PyTorch', async () => {
    expect(await slope((x) => max(x, { axis: 0 }), 3, 1, 3)).toEqual(f32(0.5, 0, 0.5));
    expect(await slope((x) => min(x, { axis: 0 }), 1, 1, 3)).toEqual(f32(0.5, 0.5, 0));
  });

  test('where sends nothing to the branch that was not taken', async () => {
    expect(await slope((x) => where(x.greater(0), sqrt(maximum(x, 1)), x.mul(2)), -1, 4)).toEqual(f32(2, 0.25));
  });

  test('stopGradient is a constant', async () => {
    expect(await slope((x) => x.mul(stopGradient(x)), 3)).toEqual(f32(3));
  });
});

describe('rows by index', () => {
  lazily();
  const table = tensor([
    [1, 2],
    [3, 4],
    [5, 6],
  ]);

  test('gather sees a transposed table', async () => {
    expect(await gather(transpose(table), int(1)).array()).toEqual([[2, 4, 6]]);
  });

  test('an index out of range is an error when it is read', async () => {
    await expect(gather(table, int(0, 3)).data()).rejects.toMatchObject({ code: 'ERR_INDEX' });
    await expect(scatterAdd(int(-1), ones([1, 2]), 3).data()).rejects.toMatchObject({ code: 'ERR_INDEX' });
    await expect(crossEntropy(table, int(0, 1, 2)).item()).rejects.toMatchObject({ code: 'ERR_INDEX' });
    await expect(dynamicSlice(table, 2, 2).data()).rejects.toMatchObject({ code: 'ERR_INDEX' });
  });

  test('oneHot of an index out of range is a row of zeros', async () => {
    expect(await oneHot(int(1, 5, -1), 2).array()).toEqual([
      [0, 1],
      [0, 0],
      [0, 0],
    ]);
  });

  test('dynamicSlice takes rows, and gives its gradient back to them', async () => {
    const p = parameter(table);
    const part = dynamicSlice(p, 1, 2);
    expect(await part.array()).toEqual([
      [3, 4],
      [5, 6],
    ]);
    const [dp] = gradients(sum(part.square()), [p]);
    expect(await dp!.array()).toEqual([
      [0, 0],
      [6, 8],
      [10, 12],
    ]);
  });

  test('errors of shape and dtype', () => {
    expect(() => gather(table, tensor([1]) as never)).toThrow(
      error('ERR_DTYPE', 'gather: expected indices of dtype int32, got float32 (cast them)'),
    );
    expect(() => dynamicSlice(table, 0, 4)).toThrow(
      error('ERR_SHAPE', 'dynamicSlice: 4 rows are more than [3, 2] has'),
    );
    expect(() => dynamicSlice(table, sum(int(1)), 1)).toThrow(
      error('ERR_VALUE', 'dynamicSlice: expected start as a number, got a tensor; use gather for computed rows'),
    );
    expect(() => scatterAdd(int(0, 1), ones([3]), 2)).toThrow(
      error('ERR_SHAPE', 'scatterAdd: expected a row for each index, got indices [2] and rows [3]'),
    );
  });
});

describe('shapes at run time', () => {
  const open = zeros([2, 3, 4]) as Tensor<number[]>;

  test('-1 is what the others leave', () => {
    expect(reshape(open, [-1, 6]).shape).toEqual([4, 6]);
    expect(() => reshape(open, [-1, 5])).toThrow(
      error('ERR_SHAPE', 'reshape: [2, 3, 4] has a different number of elements than [-1, 5]'),
    );
    expect(() => reshape(open, [-1, -1])).toThrow(
      error('ERR_SHAPE', 'reshape: expected a shape of integers >= 0, got [-1]'),
    );
    expect(() => reshape(zeros([0]), [0, -1])).toThrow(
      error('ERR_SHAPE', 'reshape: [0] has a different number of elements than [0, -1]'),
    );
  });

  test('an axis twice, or a fraction of one, is refused', () => {
    expect(() => sum(open, { axis: [0, -3] })).toThrow(
      error('ERR_SHAPE', 'sum: [0, -3] names an axis of [2, 3, 4] twice'),
    );
    expect(() => sum(open, { axis: 0.5 })).toThrow(error('ERR_SHAPE', 'sum: axis 0.5 is out of range for [2, 3, 4]'));
  });

  test('mse does not broadcast', () => {
    expect(() => mse(zeros([3, 1]) as Tensor<number[]>, zeros([3]))).toThrow(
      error('ERR_SHAPE', 'mse: shapes differ: [3, 1] and [3]'),
    );
  });

  test('what is not a tensor is named', () => {
    expect(() => add(1, 2 as never)).toThrow(error('ERR_VALUE', 'add: operand 0 is not a tensor but a number'));
    expect(() => relu(undefined as never)).toThrow(error('ERR_VALUE', 'relu: operand 0 is not a tensor but undefined'));
    expect(() => open.add(Promise.resolve(1) as never)).toThrow(
      error('ERR_VALUE', 'add: operand 1 is not a tensor but a promise (await it)'),
    );
  });
});
