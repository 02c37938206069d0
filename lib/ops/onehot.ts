import { codeOf, type DType, INT32, nameOf } from '../dtype.js';
import { GradsmithError } from '../errors.js';
import { intern, type Shape } from '../shape.js';
import type { Tensor } from '../tensor.js';
import type { CreateOptions } from './create.js';
import { checkCount } from './gather.js';
import * as n from './nodes.js';

/**
 * 1 at each index, 0 elsewhere: int32 indices `[…]` become `[…, classes]`. An index outside 0 … classes - 1 gives a row of zeros.
 * @example await oneHot(tensor([1, 0], { dtype: 'int32' }), 2).array() // [[0, 1], [1, 0]]
 */
export function oneHot<S extends Shape, N extends number, D extends DType = 'float32'>(
  indices: Tensor<S, 'int32'>,
  classes: N,
  { dtype }: CreateOptions<D> = {},
): Tensor<[...S, N], NoInfer<D>> {
  if (indices.type !== INT32) {
    throw new GradsmithError(
      'ERR_DTYPE',
      `oneHot: expected indices of dtype int32, got ${nameOf(indices.type)} (cast them)`,
    );
  }
  const type = codeOf(dtype ?? 'float32', 'oneHot');
  const made = n.oneHot(indices, checkCount('oneHot', 'classes', classes), type);
  return n.reshape(made, intern([...indices.extent.dims, classes])) as unknown as Tensor<[...S, N], D>;
}
