import { BOOL, type DType, nameOf } from '../dtype.js';
import { GradsmithError } from '../errors.js';
import { apply, op } from '../graph/op.js';
import type { Shape } from '../shape.js';
import { type AnyTensor, Tensor } from '../tensor.js';
import type { BinaryOperand, Broadcast, WhereCondition } from '../types/index.js';
import { anyType, broadcastAll, numberNode, sameType } from './build.js';
import * as n from './nodes.js';

export const Where = op({
  name: 'where',
  micro: 'select',
  shape: (inputs) => broadcastAll('where', inputs),
  dtype: ([condition, a, b]) => {
    if (condition!.type !== BOOL) {
      throw new GradsmithError(
        'ERR_DTYPE',
        `where: expected a condition of dtype bool, got ${nameOf(condition!.type)}`,
      );
    }
    return sameType('where', [a!, b!], anyType);
  },
  gradient: ([condition, a, b], _y, dy) => [
    null,
    a!.needsGrad ? n.where(condition!, dy, 0) : null,
    b!.needsGrad ? n.where(condition!, 0, dy) : null,
  ],
  samples: {
    shapes: [
      [
        [3, 5],
        [3, 5],
        [3, 5],
      ],
      [[3, 1], [5], [3, 5]],
    ],
  },
});

/**
 * `a` where the condition holds, else `b`, elementwise, broadcasting all three.
 * @example await where(tensor([true, false]), tensor([1, 2]), 0).data() // Float32Array [1, 0]
 */
export function where<
  C extends Shape,
  E extends DType = never,
  D extends DType = E,
  B extends Shape = [],
  A extends Shape = B,
>(
  condition: WhereCondition<C, Broadcast<A, B>>,
  a: number | Tensor<A, D>,
  b: BinaryOperand<'where', A, B, D, E>,
): Tensor<Broadcast<C, Broadcast<A, B>>, NoInfer<D>> {
  const [x, y] = [a, b] as [AnyTensor | number, AnyTensor | number];
  const inputs = [
    condition as unknown as AnyTensor,
    typeof x === 'number' && y instanceof Tensor ? numberNode('where', x, y.type) : x,
    typeof y === 'number' && x instanceof Tensor ? numberNode('where', y, x.type) : y,
  ];
  return apply(Where, inputs as AnyTensor[]) as unknown as Tensor<Broadcast<C, Broadcast<A, B>>, D>;
}
