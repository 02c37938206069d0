import { codeOf, type DType, FLOAT64, isFloat } from '../dtype.js';
import { checkOperand, op } from '../graph/op.js';
import type { Shape } from '../shape.js';
import type { Tensor } from '../tensor.js';
import { build } from './build.js';
import * as n from './nodes.js';

/** The attribute is the code of the new dtype. */
export const Cast = op({
  name: 'cast',
  micro: 'cast',
  shape: ([x]) => x!.extent,
  dtype: (_inputs, attr) => attr,
  gradient: ([x], _y, dy) => [isFloat(x!.type) ? n.cast(dy, x!.type) : null],
  samples: { cases: [{ inputs: [{ shape: [7] }], attr: FLOAT64 }] },
});

/**
 * The same elements in another dtype. A float becomes an integer by truncation, saturating, NaN becoming 0; anything but 0 becomes true.
 * Gradients flow between float dtypes.
 * @example await cast(tensor([1.9, -1.9]), 'int32').data() // Int32Array [1, -1]
 */
export function cast<S extends Shape, E extends DType>(x: Tensor<S, DType>, dtype: E): Tensor<S, E> {
  checkOperand('cast', x);
  const type = codeOf(dtype, 'cast');
  return x.type === type ? (x as unknown as Tensor<S, E>) : build(Cast, [x], type);
}

export const StopGradient = op({
  name: 'stopGradient',
  shape: ([x]) => x!.extent,
  dtype: ([x]) => x!.type,
  view: (input) => input,
});

/**
 * The same elements, as a constant to every gradient.
 * @example await stopGradient(tensor([1, 2])).data() // Float32Array [1, 2]
 */
export function stopGradient<S extends Shape, D extends DType>(x: Tensor<S, D>): Tensor<S, D> {
  return build(StopGradient, [x]);
}
