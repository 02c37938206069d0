import { describe, expect, it } from 'vitest';
import { add, gather, mul, parameter, scatterAdd, sum, tensor, transpose } from '../../lib/index.js';
import { commitSync } from '../../lib/runtime/commit.js';
import { lazily } from '../lazy.js';

const matrix = () =>
  parameter(
    tensor([
      [1, 2],
      [3, 4],
    ]),
  );
const outOfRange = tensor([0, 5], { dtype: 'int32' });

describe('a step that fails because of an index leaves the parameters as they were', () => {
  lazily();

  it('where what fails reads the new value of another', async () => {
    const [p, q] = [matrix(), matrix()];
    const next = mul(p, 2);
    const updates = [
      { target: p, value: next },
      { target: q, value: gather(next, outOfRange) },
    ];
    expect(() => commitSync(updates)).toThrow('gather: index 5');
    expect(await p.array()).toEqual(await matrix().array());
    expect(await q.array()).toEqual(await matrix().array());
  });

  it('where the update itself fails, and where two do', async () => {
    const [p, q] = [matrix(), matrix()];
    const updates = [
      { target: p, value: scatterAdd(tensor([1, 1], { dtype: 'int32' }), matrix(), 2) },
      { target: q, value: scatterAdd(outOfRange, matrix(), 2) },
    ];
    expect(() => commitSync(updates)).toThrow('scatterAdd: index 5');
    expect(() => commitSync([...updates].reverse())).toThrow('scatterAdd: index 5');
    expect(await p.array()).toEqual(await matrix().array());
    expect(await q.array()).toEqual(await matrix().array());
  });
});

describe('an update reads old values only', () => {
  lazily();

  it('where it sees its own parameter transposed, or as a sum', async () => {
    const [p, q] = [matrix(), matrix()];
    commitSync([
      { target: p, value: add(transpose(p), p) },
      { target: q, value: add(q, sum(q)) },
    ]);
    expect(await p.array()).toEqual([
      [2, 5],
      [5, 8],
    ]);
    expect(await q.array()).toEqual([
      [11, 12],
      [13, 14],
    ]);
  });

  it('where parameters change places, in one group or by views', async () => {
    const [p, q] = [parameter(tensor([1, 2])), parameter(tensor([3, 4]))];
    const swap = () =>
      commitSync([
        { target: p, value: q },
        { target: q, value: p },
      ]);
    swap();
    expect([await p.array(), await q.array()]).toEqual([
      [3, 4],
      [1, 2],
    ]);
    const total = add(p, q);
    commitSync([
      { target: p, value: add(total, q) },
      { target: q, value: mul(total, p) },
    ]);
    expect([await p.array(), await q.array()]).toEqual([
      [5, 8],
      [12, 24],
    ]);
  });
});
