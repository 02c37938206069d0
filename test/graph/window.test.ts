import { describe, expect, it } from 'vitest';
import { decodePlan } from '../../lib/graph/decode.js';
import { listing } from '../../lib/graph/listing.js';
import type { Plan } from '../../lib/graph/plan.js';
import {
  add,
  compile,
  dynamicSlice,
  gather,
  matmul,
  mul,
  parameter,
  reshape,
  sum,
  type Tensor,
  tensor,
  transpose,
} from '../../lib/index.js';
import { Program } from '../../lib/runtime/program.js';
import { planFor } from '../../lib/runtime/run.js';
import { type AnyTensor, stepScalar } from '../../lib/tensor.js';
import { lazily } from '../lazy.js';

// Rows of a dataset that a step reads where they lie.

const INT32 = 2;
const numbers = (rows: number, columns: number) =>
  tensor(
    Float32Array.from({ length: rows * columns }, (_, i) => i),
    { shape: [rows, columns] },
  );
const planOf = (...outputs: AnyTensor[]): Plan =>
  planFor({ outputs, values: [], targets: [], forget: false, onFailure: null });
const rowsOfStep = (x: unknown, rows: number) =>
  dynamicSlice(x as Tensor<[number, number]>, stepScalar((step) => step * rows, INT32) as Tensor<[], 'int32'>, rows);

describe('rows from a number on', () => {
  lazily();

  it('of memory that nothing overwrites are no instruction, but a window', () => {
    const x = numbers(10, 3);
    const plan = planOf(matmul(dynamicSlice(x, 4, 2), numbers(3, 5)));
    expect(plan.names).toEqual(['matmul']);
    const { windows, buffers, instructions } = decodePlan(plan.words);
    expect(windows).toEqual([{ buffer: 0, scalar: 0, rows: 2 }]);
    expect(instructions[0]!.inputs[0]).toMatchObject({ buffer: buffers.length, dims: [2, 3], strides: [3, 1] });
    expect(listing(decodePlan(plan.words))).toContain('<- input 0 (rows from scalar 0) [2, 3], input 1 [3, 5]');
  });

  it('are seen through views, whatever the address of the row', async () => {
    const x = numbers(10, 3);
    const rows = dynamicSlice(x, 5, 2);
    expect(planOf(matmul(transpose(rows), rows)).names).toEqual(['matmul']);
    expect(await matmul(transpose(rows), rows).array()).toEqual([
      [549, 582, 615],
      [582, 617, 652],
      [615, 652, 689],
    ]);
    expect(await sum(mul(reshape(rows, [3, 2]), 2)).item()).toBe(210);
    expect(await dynamicSlice(x, 9, 1).array()).toEqual([[27, 28, 29]]);
    expect(await dynamicSlice(reshape(x, [5, 3, 2]), 4, 1).array()).toEqual([[[24, 25], [26, 27], [28, 29]]]); // biome-ignore format: a table
    expect(await dynamicSlice(reshape(x, [30]), 7, 1).item()).toBe(7);
    const order = tensor([3, 1, 2, 0], { dtype: 'int32' });
    const picked = gather(x, dynamicSlice(order, 1, 2));
    expect(planOf(picked).names).toEqual(['gather']);
    expect(await picked.array()).toEqual([
      [3, 4, 5],
      [6, 7, 8],
    ]);
  });

  it('of what is computed, of a transposed table and of what the step overwrites are copied', async () => {
    const x = numbers(4, 3);
    expect(planOf(dynamicSlice(add(x, 1), 1, 2)).names).toContain('dynamicSlice');
    expect(planOf(dynamicSlice(transpose(x), 1, 2)).names).toContain('dynamicSlice');
    expect(await dynamicSlice(transpose(x), 1, 2).array()).toEqual([
      [1, 4, 7, 10],
      [2, 5, 8, 11],
    ]);
    const p = parameter(numbers(4, 3));
    const part = rowsOfStep(p, 1);
    const program = new Program({
      updates: [{ target: p as unknown as AnyTensor, value: add(p, sum(part)) as unknown as AnyTensor }],
      outputs: [sum(part) as unknown as AnyTensor],
    });
    expect(program.plan.names).toContain('dynamicSlice');
    const { values } = await program.run({ steps: 2 });
    expect(Array.from(values)).toEqual([3, 12 + 9]);
  });

  it('move with the steps of a program, and end it with an error where there are none', async () => {
    const x = numbers(6, 2);
    const total = parameter(tensor([0]));
    const part = sum(rowsOfStep(x, 2));
    const program = new Program({
      updates: [{ target: total as unknown as AnyTensor, value: add(total, part) as unknown as AnyTensor }],
      outputs: [part as unknown as AnyTensor],
    });
    expect(program.plan.names).not.toContain('dynamicSlice');
    expect(Array.from((await program.run({ steps: 3 })).values)).toEqual([6, 22, 38]);
    await expect(program.run({ steps: 3, firstStep: 2 })).rejects.toMatchObject({
      code: 'ERR_INDEX',
      message: 'dynamicSlice: index 6 is out of range: expected 0 <= index < 5',
    });
    expect(await total.item()).toBe(6 + 22 + 38 + 38);
  });

  it('of a table that they do not fit are the same error, read and read at once', async () => {
    const x = numbers(6, 2);
    const message = 'dynamicSlice: index -2 is out of range: expected 0 <= index < 5';
    await expect(dynamicSlice(x, -2, 2).data()).rejects.toMatchObject({ code: 'ERR_INDEX', message });
    expect(() => sum(dynamicSlice(x, -2, 2)).itemSync()).toThrow(message);
  });

  it('of a compiled function follow its argument', async () => {
    const f = compile((x: Tensor<[4, 2]>, y: Tensor<[4, 2]>) => sum(mul(dynamicSlice(x, 1, 2), dynamicSlice(y, 2, 2))));
    const [a, b] = [numbers(4, 2), add(numbers(4, 2), 0)] as unknown as [Tensor<[4, 2]>, Tensor<[4, 2]>];
    expect(await (await f(a, b)).item()).toBe(2 * 4 + 3 * 5 + 4 * 6 + 5 * 7);
    expect(await (await f(b, a)).item()).toBe(2 * 4 + 3 * 5 + 4 * 6 + 5 * 7);
  });
});
