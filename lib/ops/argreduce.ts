import { INT32 } from '../dtype.js';
import { GradsmithError } from '../errors.js';
import { apply, checkOperand, type Op, type OpEntry, op } from '../graph/op.js';
import { checkAxis, intern, type Shape, show } from '../shape.js';
import type { AnyTensor, Tensor } from '../tensor.js';
import type { NumericDType, Reduced, ReduceOptions } from '../types/index.js';
import { checkType, numeric } from './build.js';
import * as n from './nodes.js';

// The attribute is the axis, and whether it stays as a 1.
const keep = 8;

function argReduction(
  name: string,
  kind: number,
): Pick<OpEntry, 'name' | 'shape' | 'dtype' | 'instruction' | 'samples'> {
  return {
    name,
    shape: ([x], attr) => {
      const { dims } = x!.extent;
      const axis = attr & 7;
      if (dims[axis] === 0) throw new GradsmithError('ERR_SHAPE', `${name}: axis ${axis} of ${show(dims)} is empty`);
      return intern(attr & keep ? dims.with(axis, 1) : dims.toSpliced(axis, 1));
    },
    dtype: ([x]) => {
      checkType(name, x!.type, numeric);
      return INT32;
    },
    instruction: {
      name: 'argReduce',
      attributes: ({ attr }) => [kind, attr & 7],
      output: ({ attr, inputDims }) => inputDims[0]!.with(attr & 7, 1),
    },
    samples: {
      cases: [
        { inputs: [{ shape: [7] }], attr: 0 },
        { inputs: [{ shape: [3, 5] }], attr: 0 },
        { inputs: [{ shape: [3, 5] }], attr: 1 | keep },
        { inputs: [{ shape: [2, 3, 4] }], attr: 1 },
        { inputs: [{ shape: [0, 3] }], attr: 1 },
        { inputs: [{ shape: [5, 131] }], attr: 1 },
        { inputs: [{ shape: [131, 5] }], attr: 0 },
      ],
    },
  };
}

export const Argmax = op(argReduction('argmax', 0));
export const Argmin = op(argReduction('argmin', 1));

function argReduce<R>(op: Op, x: AnyTensor, options: { axis?: unknown; keepDims?: boolean }): R {
  checkOperand(op.name, x);
  const kept = options.keepDims ? keep : 0;
  if (options.axis !== undefined) {
    return apply(op, [x], checkAxis(op.name, options.axis as number, x.extent) | kept) as R;
  }
  const place = apply(op, [n.reshape(x, intern([x.size]))], 0);
  return (kept ? n.reshape(place, intern(x.extent.dims.map(() => 1))) : place) as R;
}

/**
 * Where along `axis` the maximum is (by default: where in the flattened tensor), as int32. The first of equals; NaN wins.
 * @throws ERR_SHAPE when the axis is empty.
 * @example await argmax(tensor([[1, 2], [4, 3]]), { axis: 1 }).data() // Int32Array [1, 0]
 */
export function argmax<S extends Shape, Ax extends number = never, Keep extends boolean = false>(
  x: Tensor<S, NumericDType>,
  options: ReduceOptions<'argmax', S, Ax, Keep> = {},
): Tensor<Reduced<S, Ax, Keep>, 'int32'> {
  return argReduce(Argmax, x, options);
}

/**
 * Where along `axis` the minimum is (by default: where in the flattened tensor), as int32. The first of equals; NaN wins.
 * @throws ERR_SHAPE when the axis is empty.
 * @example await argmin(tensor([[1, 2], [4, 3]]), { axis: 1 }).data() // Int32Array [0, 1]
 */
export function argmin<S extends Shape, Ax extends number = never, Keep extends boolean = false>(
  x: Tensor<S, NumericDType>,
  options: ReduceOptions<'argmin', S, Ax, Keep> = {},
): Tensor<Reduced<S, Ax, Keep>, 'int32'> {
  return argReduce(Argmin, x, options);
}
