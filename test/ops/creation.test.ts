import { arange, type DType, full, ones, onesLike, tensor, zeros, zerosLike } from 'gradsmith';
import { describe, expect, test } from 'vitest';

const error = (code: string, message: string) => expect.objectContaining({ name: 'GradsmithError', code, message });

describe('tensor', () => {
  test('copies typed arrays', async () => {
    const data = new Float64Array([1, 2, 3]);
    const t = tensor(data);
    data[0] = 9;
    expect(await t.data()).toEqual(new Float64Array([1, 2, 3]));
  });

  test('takes the dtype of its data unless told otherwise', async () => {
    expect(tensor(new Uint8Array(2)).dtype).toBe('uint8');
    expect(tensor([[true], [false]]).dtype).toBe('bool');
    expect(tensor([1, 2]).dtype).toBe('float32');
    expect(await tensor(new Float32Array([1.9, -1.9, 3e9]), { dtype: 'int32' }).data()).toEqual(
      new Int32Array([1, -1, 2 ** 31 - 1]),
    );
    expect(await tensor(new Uint8Array([0, 7]), { dtype: 'bool' }).data()).toEqual(new Uint8Array([0, 1]));
  });

  test('rounds numbers to float32 once', async () => {
    expect(await tensor(0.1).item()).toBe(Math.fround(0.1));
    expect(await tensor([0.1]).item()).toBe(Math.fround(0.1));
    expect(await tensor(0.1, { dtype: 'float64' }).item()).toBe(0.1);
  });

  test('takes a shape', async () => {
    expect(await tensor([1, 2, 3, 4], { shape: [2, 2] }).array()).toEqual([
      [1, 2],
      [3, 4],
    ]);
    expect(tensor(5, { shape: [1, 1] }).shape).toEqual([1, 1]);
    expect(tensor([[], []]).shape).toEqual([2, 0]);
  });

  test.each([
    [
      [[1, 2], [3]],
      'ERR_SHAPE',
      'tensor: the nested arrays are ragged: their first elements have shape [2, 2], others differ',
    ],
    [[1, [2]], 'ERR_SHAPE', 'tensor: the nested arrays are ragged: their first elements have shape [2], others differ'],
    [
      [[], [1]],
      'ERR_SHAPE',
      'tensor: the nested arrays are ragged: their first elements have shape [2, 0], others differ',
    ],
    [['1'], 'ERR_VALUE', 'tensor: expected numbers, got string'],
    [[null], 'ERR_VALUE', 'tensor: expected numbers, got null'],
    [new Float32Array(2).buffer, 'ERR_VALUE', 'tensor: expected numbers, got object'],
    [
      new Int16Array(2),
      'ERR_DTYPE',
      'tensor: expected a Float32Array, Float64Array, Int32Array or Uint8Array, got Int16Array',
    ],
  ])('refuses %j', (data, code, message) => {
    expect(() => tensor(data as never)).toThrow(error(code, message));
  });

  test('refuses numbers that an integer dtype does not have', () => {
    expect(() => tensor([2.5], { dtype: 'int32' })).toThrow(
      error('ERR_VALUE', 'tensor: 2.5 is not a number of dtype int32'),
    );
    expect(() => tensor([256], { dtype: 'uint8' })).toThrow(
      error('ERR_VALUE', 'tensor: 256 is not a number of dtype uint8'),
    );
    expect(() => tensor([2], { dtype: 'bool' })).toThrow(error('ERR_VALUE', 'tensor: 2 is not a number of dtype bool'));
  });

  test('refuses a shape that does not fit', () => {
    expect(() => tensor([1, 2, 3], { shape: [2, 2] })).toThrow(
      error('ERR_SHAPE', 'tensor: 3 elements do not fill shape [2, 2]'),
    );
  });
});

describe('constants', () => {
  test.each<[DType, ArrayLike<number>]>([
    ['float32', new Float32Array([1, 1])],
    ['float64', new Float64Array([1, 1])],
    ['int32', new Int32Array([1, 1])],
    ['uint8', new Uint8Array([1, 1])],
    ['bool', new Uint8Array([1, 1])],
  ])('ones and zeros of %s', async (dtype, expected) => {
    expect(await ones([2], { dtype }).data()).toEqual(expected);
    expect(await onesLike(zeros([2], { dtype })).data()).toEqual(expected);
    expect((await zerosLike(ones([2], { dtype })).data()).every((v) => v === 0)).toBe(true);
  });

  test('full keeps the sign of zero, infinities and NaN', async () => {
    expect(Object.is((await full([1], -0).data())[0], -0)).toBe(true);
    expect(await full([2], Number.NEGATIVE_INFINITY).data()).toEqual(
      new Float32Array(2).fill(Number.NEGATIVE_INFINITY),
    );
    expect(await full([1], Number.NaN).item()).toBeNaN();
  });

  test('shapes are checked', () => {
    expect(() => zeros([2, -1])).toThrow(error('ERR_SHAPE', 'zeros: expected a shape of integers >= 0, got [2, -1]'));
    expect(() => ones([1.5])).toThrow(error('ERR_SHAPE', 'ones: expected a shape of integers >= 0, got [1.5]'));
    expect(() => full([2], 0.5, { dtype: 'int32' })).toThrow(
      error('ERR_DTYPE', 'full: 0.5 is not a number of dtype int32; cast the tensor first'),
    );
  });
});

describe('arange', () => {
  test('counts as NumPy does', async () => {
    expect(await arange(3).data()).toEqual(new Float32Array([0, 1, 2]));
    expect(await arange(2, 5).data()).toEqual(new Float32Array([2, 3, 4]));
    expect(await arange(1, 0, { step: -0.25 }).data()).toEqual(new Float32Array([1, 0.75, 0.5, 0.25]));
    expect(await arange(5, 2).data()).toEqual(new Float32Array([]));
    expect(await arange(-2, 3, { step: 2, dtype: 'int32' }).data()).toEqual(new Int32Array([-2, 0, 2]));
  });

  test('steps in float64, so that it does not drift', async () => {
    const t = await arange(0, 1000, { step: 0.1 }).data();
    expect(t[9999]).toBe(Math.fround(9999 * 0.1));
  });

  test('refuses a step of 0, and steps that an integer dtype does not have', () => {
    expect(() => arange(0, 1, { step: 0 })).toThrow(
      error('ERR_VALUE', 'arange: expected finite numbers and a step other than 0, got 0, 1 and 0'),
    );
    expect(() => arange(0, 1, { step: 0.5, dtype: 'int32' })).toThrow(
      error('ERR_VALUE', 'arange: 0.5 is not a number of dtype int32'),
    );
  });
});
