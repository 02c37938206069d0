import {
  add,
  argmax,
  broadcastTo,
  cast,
  crossEntropy,
  exp,
  expandDims,
  flatten,
  layerNorm,
  logicalAnd,
  matmul,
  mse,
  mul,
  ones,
  randn,
  reshape,
  softmax,
  squeeze,
  sub,
  sum,
  tensor,
  transpose,
  where,
  zeros,
} from '../../lib/ops/index.js';

// Mistakes that the compiler must refuse, with the words it must refuse them in; the run time must say the same to those who
// work without types. `test/types/errors.test.ts` reads this file as text, too.

export interface Mistake {
  /** The text at the type level and, unless `throws` differs, the message at run time. */
  readonly says: string;
  readonly throws?: string;
  readonly code: () => unknown;
}

const x = zeros([64, 1000]);
const y = zeros([64, 10]);
const ints = zeros([64, 10], { dtype: 'int32' });
const doubles = zeros([64, 10], { dtype: 'float64' });
const flags = zeros([64, 10], { dtype: 'bool' });
const labels = zeros([32], { dtype: 'int32' });

export const mistakes: readonly Mistake[] = [
  {
    says: 'matmul: inner dimensions differ: [64, 1000] x [100, 10] (1000 and 100)',
    // @ts-expect-error
    code: () => matmul(x, randn([100, 10])),
  },
  {
    says: 'matmul: inner dimensions differ: [64, 1000] x [10] (1000 and 10)',
    // @ts-expect-error
    code: () => x.matmul(zeros([10])),
  },
  {
    says: 'matmul: batch dimensions do not broadcast: [2, 3, 4] x [5, 4, 2]',
    // @ts-expect-error
    code: () => matmul(zeros([2, 3, 4]), zeros([5, 4, 2])),
  },
  {
    says: 'matmul: operands must have at least 1 dimension: [] x [64, 10]',
    // @ts-expect-error
    code: () => matmul(zeros([]), y),
  },
  {
    says: 'matmul: dtypes differ: float32 and float64 (cast one of them)',
    // @ts-expect-error
    code: () => matmul(transpose(y), doubles),
  },
  {
    says: 'add: shapes do not broadcast: [64, 1000] and [64, 10]',
    // @ts-expect-error
    code: () => add(x, y),
  },
  {
    says: 'mul: shapes do not broadcast: [64, 10] and [64]',
    // @ts-expect-error
    code: () => y.mul(zeros([64])),
  },
  {
    says: 'add: dtypes differ: float32 and int32 (cast one of them)',
    // @ts-expect-error
    code: () => add(y, ints),
  },
  {
    says: 'sub: dtypes differ: float64 and float32 (cast one of them)',
    // @ts-expect-error
    code: () => sub(doubles, y),
  },
  {
    says: 'logicalAnd: shapes do not broadcast: [64, 10] and [3]',
    // @ts-expect-error
    code: () => logicalAnd(flags, tensor([true, false, true])),
  },
  {
    says: 'where: shapes do not broadcast: [3] and [64, 10]',
    // @ts-expect-error
    code: () => where(tensor([true, false, true]), y, 0),
  },
  {
    says: 'sum: axis 2 is out of range for [64, 10]',
    // @ts-expect-error
    code: () => sum(y, { axis: 2 }),
  },
  {
    says: 'sum: axis -3 is out of range for [64, 10]',
    // @ts-expect-error
    code: () => y.sum({ axis: [0, -3] }),
  },
  {
    says: 'argmax: axis 2 is out of range for [64, 10]',
    // @ts-expect-error
    code: () => argmax(y, { axis: 2 }),
  },
  {
    says: 'softmax: axis 5 is out of range for [64, 10]',
    // @ts-expect-error
    code: () => softmax(y, { axis: 5 }),
  },
  {
    says: 'layerNorm: gamma [64] does not fit [64, 10]: expected [10]',
    // @ts-expect-error
    code: () => layerNorm(y, zeros([64])),
  },
  {
    says: 'layerNorm: beta [1, 10] does not fit [64, 10]: expected [10]',
    // @ts-expect-error
    code: () => layerNorm(y, null, zeros([1, 10])),
  },
  {
    says: 'transpose: [0, 0] is not a permutation of the axes of [64, 10]',
    // @ts-expect-error
    code: () => transpose(y, [0, 0]),
  },
  {
    says: 'reshape: [64, 10] has a different number of elements than [32, 21]',
    // @ts-expect-error
    code: () => reshape(y, [32, 21]),
  },
  {
    says: 'broadcastTo: [64, 10] does not broadcast to [64, 20]',
    // @ts-expect-error
    code: () => broadcastTo(y, [64, 20]),
  },
  {
    says: 'broadcastTo: [64, 10] does not broadcast to [1, 10]',
    // @ts-expect-error
    code: () => broadcastTo(y, [1, 10]),
  },
  {
    says: 'expandDims: axis 3 is out of range for [64, 10]',
    // @ts-expect-error
    code: () => expandDims(y, 3),
  },
  {
    says: 'squeeze: axis 0 of [64, 10] is 64, not 1',
    // @ts-expect-error
    code: () => squeeze(y, 0),
  },
  {
    says: 'flatten: axis 2 is out of range for [64, 10]',
    // @ts-expect-error
    code: () => flatten(y, { startAxis: 2 }),
  },
  {
    says: 'crossEntropy: labels [32] do not fit logits [64, 10]: expected [64]',
    // @ts-expect-error
    code: () => crossEntropy(y, labels),
  },
  {
    says: 'mse: shapes differ: [64, 10] and [64]',
    // @ts-expect-error
    code: () => mse(y, zeros([64])),
  },
  {
    says: `Type '"int32"' is not assignable to type 'FloatDType'.`,
    throws: 'exp: expected float32 or float64, got int32 (cast it first)',
    // @ts-expect-error
    code: () => exp(ints),
  },
  {
    says: `Type '"bool"' is not assignable to type 'NumericDType'.`,
    throws: 'add: expected a numeric dtype, got bool (cast it first)',
    // @ts-expect-error
    code: () => add(flags, flags),
  },
  {
    says: `Type '"bool"' is not assignable to type 'SummableDType'.`,
    throws: 'sum: expected float32, float64 or int32, got bool (cast it first)',
    // @ts-expect-error
    code: () => sum(flags),
  },
  {
    says: `'"float16"' is not assignable to parameter of type 'DType'.`,
    throws: 'cast: unknown dtype float16; expected one of float32, float64, int32, uint8, bool',
    // @ts-expect-error
    code: () => cast(y, 'float16'),
  },
  {
    says: `'number[]' is not assignable to parameter of type 'number | Tensor<[] | [2], never>'.`,
    throws: 'mul: operand 1 is not a tensor but an array (make it a tensor with tensor(…))',
    // @ts-expect-error
    code: () => mul(ones([2]), [1, 2]),
  },
  {
    says: `'Tensor<[64], "float32">' is not assignable to parameter of type 'Tensor<[64], "int32">'.`,
    throws: 'crossEntropy: expected labels of dtype int32, got float32 (cast them)',
    // @ts-expect-error
    code: () => crossEntropy(y, zeros([64])),
  },
];
