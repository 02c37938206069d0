import type { FloatDType } from '../dtype.js';
import { apply, checkOperand, type Op, type OpEntry, op } from '../graph/op.js';
import { checkAxis, type Shape } from '../shape.js';
import type { AnyTensor, Tensor } from '../tensor.js';
import type { AxisArgument } from '../types/index.js';
import { checkType, float } from './build.js';
import * as n from './nodes.js';
import { transpose } from './shape.js';

// Over the last axis; `softmax` and `logSoftmax` bring others there.
function overRows(name: string, log: number): Pick<OpEntry, 'name' | 'shape' | 'dtype' | 'instruction'> {
  return {
    name,
    shape: ([x]) => x!.extent,
    dtype: ([x]) => checkType(name, x!.type, float),
    instruction: {
      name: 'softmax',
      attributes: () => [log],
      operands: (_node, [x], tools) => [tools.contiguous(x!)],
      inPlace: true,
    },
  };
}

export const Softmax = op({
  ...overRows('softmax', 0),
  gradient: (_inputs, y, dy) => [n.mul(y, n.sub(dy, n.sumLast(n.mul(dy, y))))],
  equals: ([x]) => {
    const e = n.exp(n.sub(x!, n.maxLast(x!)));
    return n.div(e, n.sumLast(e));
  },
  samples: { domain: [-8, 8], extreme: [-1000, 1000], ulp: 4, shapes: [[[3, 7]], [[2, 3, 5]]] },
});

export const LogSoftmax = op({
  ...overRows('logSoftmax', 1),
  gradient: (_inputs, y, dy) => [n.sub(dy, n.mul(n.exp(y), n.sumLast(dy)))],
  equals: ([x]) => {
    const shifted = n.sub(x!, n.maxLast(x!));
    return n.sub(shifted, n.log(n.sumLast(n.exp(shifted))));
  },
  samples: { domain: [-8, 8], extreme: [-1000, 1000], relative: 2 ** -26, shapes: [[[3, 7]], [[2, 3, 5]]] },
});

function along<R>(op: Op, x: AnyTensor, axis: number): R {
  checkOperand(op.name, x);
  const { rank } = x.extent;
  const at = checkAxis(op.name, axis, x.extent);
  if (at === rank - 1) return apply(op, [x]) as R;
  const order = Array.from({ length: rank }, (_, i) => (i === at ? rank - 1 : i === rank - 1 ? at : i));
  return transpose(apply(op, [transpose(x, order)]), order) as R;
}

export interface SoftmaxOptions<Op extends string, S extends Shape, Ax extends number> {
  /** Default: the last. */
  axis?: AxisArgument<Op, S, Ax>;
}

/**
 * `e^x / Σ e^x` along `axis` (default: the last), without overflow. A row of -Infinity gives NaN, as the definition does.
 * @example await softmax(tensor([0, 0])).data() // Float32Array [0.5, 0.5]
 */
export function softmax<S extends Shape, D extends FloatDType, Ax extends number = -1>(
  x: Tensor<S, D>,
  options: SoftmaxOptions<'softmax', S, Ax> = {},
): Tensor<S, D> {
  return along(Softmax, x, (options.axis as number | undefined) ?? -1);
}

/**
 * `x - log Σ e^x` along `axis` (default: the last), without overflow and without the loss of digits that log(softmax(x)) has.
 * @example await logSoftmax(tensor([0, 0])).data() // Float32Array [-0.6931472, -0.6931472]
 */
export function logSoftmax<S extends Shape, D extends FloatDType, Ax extends number = -1>(
  x: Tensor<S, D>,
  options: SoftmaxOptions<'logSoftmax', S, Ax> = {},
): Tensor<S, D> {
  return along(LogSoftmax, x, (options.axis as number | undefined) ?? -1);
}
