import { describe, expect, it } from 'vitest';
import * as gradsmith from '../../lib/index.js';
import { SGD } from '../../lib/optim/index.js';
import { lazily } from '../lazy.js';

lazily();

const { crossEntropy, gather, matmul, parameter, randn, tensor } = gradsmith;
const indices = (list: number[]) => tensor(list, { dtype: 'int32' });

describe('an index out of range in the data', () => {
  it('rejects the read with the op, what was expected and what came', async () => {
    const table = tensor([
      [1, 2],
      [3, 4],
    ]);
    await expect(gather(table, indices([0, 7])).data()).rejects.toMatchObject({
      code: 'ERR_INDEX',
      message: 'gather: index 7 is out of range: expected 0 <= index < 2',
    });
    expect(() => gather(table, indices([-1])).dataSync()).toThrow(
      'gather: index -1 is out of range: expected 0 <= index < 2',
    );
  });

  it('loses nothing: the parameters keep their values and the next step works', async () => {
    const w = parameter(
      tensor([
        [1, 2, 3],
        [4, 5, 6],
      ]),
    );
    const sgd = new SGD([w], { learningRate: 0.1 });
    crossEntropy(matmul(tensor([[1, 1]]), w), indices([5])).backward();
    await expect(sgd.step()).rejects.toMatchObject({ code: 'ERR_INDEX' });
    expect(await w.array()).toEqual([
      [1, 2, 3],
      [4, 5, 6],
    ]);
    crossEntropy(matmul(tensor([[1, 1]]), w), indices([2])).backward();
    await sgd.step();
    expect((await w.data())[2]).toBeGreaterThan(3);
  });

  it('in a queued step surfaces at the next use, and at the loss', async () => {
    const w = parameter(randn([512, 64], { seed: 1 }));
    const x = randn([512, 512], { seed: 2 });
    const sgd = new SGD([w], { learningRate: 0.1 });
    const loss = crossEntropy(matmul(x, w), tensor(new Int32Array(512).fill(64)));
    const before = await w.data();
    loss.backward();
    const outcome = await sgd
      .step()
      .then(() => loss.item())
      .catch((error) => error);
    expect(outcome).toMatchObject({ code: 'ERR_INDEX' });
    const after = await w.data().catch(() => w.data());
    expect(after).toEqual(before);
  });
});

describe('what is not a tensor', () => {
  const one = gradsmith.tensor([[1]]);
  const calls: Record<string, (x: never) => unknown> = {
    add: (x) => gradsmith.add(x, one),
    matmul: (x) => gradsmith.matmul(x, one),
    sum: (x) => gradsmith.sum(x),
    argmax: (x) => gradsmith.argmax(x),
    softmax: (x) => gradsmith.softmax(x),
    transpose: (x) => gradsmith.transpose(x),
    reshape: (x) => gradsmith.reshape(x, [1]),
    broadcastTo: (x) => gradsmith.broadcastTo(x, [1]),
    expandDims: (x) => gradsmith.expandDims(x, 0),
    squeeze: (x) => gradsmith.squeeze(x, 0),
    flatten: (x) => gradsmith.flatten(x),
    cast: (x) => gradsmith.cast(x, 'int32'),
    crossEntropy: (x) => gradsmith.crossEntropy(x, indices([0])),
    mse: (x) => gradsmith.mse(x, one),
    dropout: (x) => gradsmith.dropout(x),
    gather: (x) => gradsmith.gather(x, indices([0])),
    where: (x) => gradsmith.where(x, one, one),
    zerosLike: (x) => gradsmith.zerosLike(x),
  };

  it.each(Object.keys(calls))('%s says so, and what came', (name) => {
    expect(() => calls[name]!(undefined as never)).toThrow(`${name}: operand 0 is not a tensor but undefined`);
    expect(() => calls[name]!([[1]] as never)).toThrow(
      `${name}: operand 0 is not a tensor but an array (make it a tensor with tensor(…))`,
    );
    expect(() => calls[name]!(Promise.resolve(1) as never)).toThrow(
      `${name}: operand 0 is not a tensor but a promise (await it)`,
    );
  });
});

describe('resources', () => {
  it('a number of threads that is none is refused', () => {
    for (const n of [0, -1, 1.5, Number.NaN, 257, '2' as unknown as number]) {
      expect(() => gradsmith.setThreads(n)).toThrow('setThreads: expected an integer from 1 to 256');
    }
  });

  it('a tensor that no memory can hold is an error, and the process goes on', async () => {
    const huge = 2 ** 31 - 1;
    expect(() => gradsmith.zeros([huge, 2])).toThrow(/more than 2147483647 elements/);
    const large = gradsmith.matmul(
      gradsmith.zeros([46_000, 1], { dtype: 'float64' }),
      gradsmith.zeros([1, 46_000], { dtype: 'float64' }),
    );
    const tower = Array.from({ length: 40 }, (_, i) =>
      gradsmith.matmul(large, gradsmith.full([46_000, 46_000], i, { dtype: 'float64' })),
    );
    await expect(gradsmith.evaluate(...tower)).rejects.toMatchObject({ name: expect.stringMatching(/Error/) });
    expect(await gradsmith.sum(tensor([1, 2])).item()).toBe(3);
  });
});
