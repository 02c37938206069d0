import { op } from '../graph/op.js';
import type { Shape } from '../shape.js';
import type { Tensor } from '../tensor.js';
import type { Broadcast, BroadcastOperand } from '../types/index.js';
import { boolean, build, predicate } from './build.js';

export const LogicalAnd = op({ ...predicate('logicalAnd', boolean), commutes: true });

/**
 * Whether both are true, elementwise, broadcasting.
 * @example await logicalAnd(tensor([true, true]), tensor([true, false])).data() // Uint8Array [1, 0]
 */
export function logicalAnd<A extends Shape, B extends Shape>(
  a: Tensor<A, 'bool'>,
  b: BroadcastOperand<'logicalAnd', A, B, 'bool'>,
): Tensor<Broadcast<A, B>, 'bool'> {
  return build(LogicalAnd, [a, b as Tensor<B, 'bool'>]);
}

export const LogicalOr = op({ ...predicate('logicalOr', boolean), commutes: true });

/**
 * Whether one of them is true, elementwise, broadcasting.
 * @example await logicalOr(tensor([true, false]), tensor([false, false])).data() // Uint8Array [1, 0]
 */
export function logicalOr<A extends Shape, B extends Shape>(
  a: Tensor<A, 'bool'>,
  b: BroadcastOperand<'logicalOr', A, B, 'bool'>,
): Tensor<Broadcast<A, B>, 'bool'> {
  return build(LogicalOr, [a, b as Tensor<B, 'bool'>]);
}

export const LogicalNot = op({ ...predicate('logicalNot', boolean), involution: true });

/**
 * Whether it is false, elementwise.
 * @example await logicalNot(tensor([true, false])).data() // Uint8Array [0, 1]
 */
export function logicalNot<S extends Shape>(x: Tensor<S, 'bool'>): Tensor<S, 'bool'> {
  return build(LogicalNot, [x]);
}
