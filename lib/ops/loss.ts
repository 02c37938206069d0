import { type FloatDType, INT32, nameOf } from '../dtype.js';
import { GradsmithError } from '../errors.js';
import { apply, checkOperand, op } from '../graph/op.js';
import { intern, type Shape, show } from '../shape.js';
import type { AnyTensor, Tensor } from '../tensor.js';
import type { LabelShape, Labels, LossShape, Reduction, SameShapeOperand } from '../types/index.js';
import { checkType, float } from './build.js';
import * as n from './nodes.js';
import { mean, sum } from './reduce.js';

/** Logits `[N, C]` and labels `[N]` give N losses; `crossEntropy` brings others there. */
export const CrossEntropy = op({
  name: 'crossEntropy',
  shape: ([, labels]) => labels!.extent,
  dtype: ([logits]) => checkType('crossEntropy', logits!.type, float),
  gradient: ([logits, labels], _y, dy) => [apply(CrossEntropyGrad, [logits!, labels!, dy]), null],
  equals: ([logits, labels]) => {
    const chosen = n.mul(n.oneHot(labels!, logits!.extent.dims[1]!, logits!.type), n.logSoftmax(logits!));
    return n.neg(n.reshape(n.sumLast(chosen), labels!.extent));
  },
  instruction: {
    name: 'crossEntropy',
    operands: (_node, [logits, labels], tools) => [tools.contiguous(logits!), tools.contiguous(labels!)],
  },
  fallible: true,
  samples: {
    cases: [
      [1, 3],
      [4, 5],
      [0, 3],
      [3, 1],
      [5, 131],
    ].map(([rows, classes]) => ({
      inputs: [{ shape: [rows!, classes!] }, { shape: [rows!], type: INT32, below: classes! }],
    })),
    domain: [-8, 8],
    extreme: [-1000, 1000],
    relative: 2 ** -26,
  },
});

/** `(softmax(logits) - onehot(labels)) · dloss`, a row for each label. */
export const CrossEntropyGrad = op({
  name: 'crossEntropyGrad',
  shape: ([logits]) => logits!.extent,
  dtype: ([logits]) => checkType('crossEntropyGrad', logits!.type, float),
  gradient: ([logits, labels, dloss], _y, dd) => {
    const p = n.softmax(logits!);
    const rows = n.reshape(dloss!, intern([...dloss!.extent.dims, 1]));
    const dlogits = n.mul(n.mul(p, n.sub(dd, n.sumLast(n.mul(dd, p)))), rows);
    const ddloss = n.reshape(
      n.sumLast(n.mul(dd, n.sub(p, n.oneHot(labels!, logits!.extent.dims[1]!, logits!.type)))),
      dloss!.extent,
    );
    return [dlogits, null, ddloss];
  },
  equals: ([logits, labels, dloss]) => {
    const rows = n.reshape(dloss!, intern([...dloss!.extent.dims, 1]));
    return n.mul(n.sub(n.softmax(logits!), n.oneHot(labels!, logits!.extent.dims[1]!, logits!.type)), rows);
  },
  instruction: {
    name: 'crossEntropyGrad',
    operands: (_node, [logits, labels, dloss], tools) => [tools.contiguous(logits!), tools.contiguous(labels!), dloss!],
  },
  fallible: true,
  samples: {
    cases: [
      [1, 3],
      [4, 5],
      [0, 3],
      [3, 1],
      [5, 131],
    ].map(([rows, classes]) => ({
      inputs: [{ shape: [rows!, classes!] }, { shape: [rows!], type: INT32, below: classes! }, { shape: [rows!] }],
    })),
    domain: [-8, 8],
    extreme: [-1000, 1000],
    relative: 2 ** -26,
  },
});

export interface LossOptions<R extends Reduction> {
  /** The mean of the terms, their sum, or the terms themselves. Default 'mean'. */
  reduction?: R;
}

/**
 * Cross-entropy of class labels: `-logSoftmax(logits)[label]` for each row of logits `[…, C]` with labels `[…]`, int32 from 0 to C - 1.
 * @throws ERR_SHAPE `crossEntropy: labels [3] do not fit logits [2, 10]: expected [2]`; ERR_INDEX, when it is read, for a label out of range.
 * @example await crossEntropy(tensor([[0, 0]]), tensor([1], { dtype: 'int32' })).item() // 0.6931471824645996
 */
export function crossEntropy<S extends Shape, D extends FloatDType, L extends Shape, R extends Reduction = 'mean'>(
  logits: Tensor<S, D>,
  labels: Labels<S, L>,
  options: LossOptions<R> = {},
): Tensor<LossShape<LabelShape<S>, R>, D> {
  const [x, y] = [logits as AnyTensor, labels as unknown as AnyTensor];
  checkOperand('crossEntropy', x, 0);
  checkOperand('crossEntropy', y, 1);
  checkLabels(x, y);
  const flat = n.reshape(x, intern([y.size, x.extent.dims.at(-1)!]));
  const terms = apply(CrossEntropy, [flat, n.reshape(y, intern([y.size]))]);
  return reduced(n.reshape(terms, y.extent), options.reduction) as Tensor<LossShape<LabelShape<S>, R>, D>;
}

function checkLabels(logits: AnyTensor, labels: AnyTensor): void {
  const { dims, rank } = logits.extent;
  if (rank === 0) throw new GradsmithError('ERR_SHAPE', 'crossEntropy: logits must have at least 1 dimension');
  if (labels.type !== INT32) {
    throw new GradsmithError(
      'ERR_DTYPE',
      `crossEntropy: expected labels of dtype int32, got ${nameOf(labels.type)} (cast them)`,
    );
  }
  const expected = dims.slice(0, -1);
  if (intern(expected) !== labels.extent) {
    const shapes = `labels ${show(labels.extent.dims)} do not fit logits ${show(dims)}: expected ${show(expected)}`;
    throw new GradsmithError('ERR_SHAPE', `crossEntropy: ${shapes}`);
  }
}

function reduced(terms: AnyTensor, reduction: Reduction = 'mean'): unknown {
  if (reduction === 'none') return terms;
  if (reduction === 'sum') return sum(terms as Tensor);
  if (reduction === 'mean') return mean(terms as Tensor);
  throw new GradsmithError('ERR_VALUE', `expected reduction 'mean', 'sum' or 'none', got ${String(reduction)}`);
}

/**
 * Mean squared error: the mean of `(prediction - target)²`, which have the same shape.
 * @throws ERR_SHAPE `mse: shapes differ: [2, 1] and [2]`
 * @example await mse(tensor([1, 2]), tensor([1, 4])).item() // 2
 */
export function mse<S extends Shape, D extends FloatDType, T extends Shape, R extends Reduction = 'mean'>(
  prediction: Tensor<S, D>,
  target: SameShapeOperand<'mse', S, T, NoInfer<D>>,
  options: LossOptions<R> = {},
): Tensor<LossShape<S, R>, D> {
  const [x, y] = [prediction as AnyTensor, target as unknown as AnyTensor];
  checkOperand('mse', x, 0);
  checkOperand('mse', y, 1);
  // A target [N] would broadcast against a prediction [N, 1] to [N, N], and train on nonsense.
  if (x.extent !== y.extent) {
    throw new GradsmithError('ERR_SHAPE', `mse: shapes differ: ${show(x.extent.dims)} and ${show(y.extent.dims)}`);
  }
  return reduced(n.square(n.sub(x, y)), options.reduction) as Tensor<LossShape<S, R>, D>;
}
