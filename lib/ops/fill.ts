import type { DType } from '../dtype.js';
import { apply, checkOperand, op } from '../graph/op.js';
import { type Extent, SCALAR, type Shape } from '../shape.js';
import type { AnyTensor, Tensor } from '../tensor.js';

// A tensor whose every element is one number that the structure of the program fixes. It takes no memory: it folds into its users.

interface Filling {
  readonly value: number;
  readonly type: number;
  readonly extent: Extent;
}

const fillings: Filling[] = [];
/** Ids by value, then by shape and dtype. Minus zero has an entry of its own: a Map takes it for zero. */
const idsByValue = new Map<number | '-0', Map<number, number>>();

function fillingId(value: number, type: number, extent: Extent): number {
  const key = Object.is(value, -0) ? '-0' : value;
  let ids = idsByValue.get(key);
  if (ids === undefined) {
    ids = new Map();
    idsByValue.set(key, ids);
  }
  const place = extent.id * 8 + type;
  let id = ids.get(place);
  if (id === undefined) {
    id = fillings.length;
    fillings.push({ value, type, extent });
    ids.set(place, id);
  }
  return id;
}

export const Fill = op({
  name: 'fill',
  shape: (_inputs, attr) => fillings[attr]!.extent,
  dtype: (_inputs, attr) => fillings[attr]!.type,
  constant: (attr) => fillings[attr]!.value,
});

/** A constant of this shape; by default of rank 0. */
export function constant(value: number, type: number, extent: Extent = SCALAR): AnyTensor {
  return apply(Fill, [], fillingId(value, type, extent));
}

/** By dtype, the constants of rank 0 that rules have asked for: each step asks for the same few again. */
const ruleConstants: Map<number, AnyTensor>[] = [];

/** A constant of rank 0 that others share, so that nobody may read it. */
export function sharedConstant(value: number, type: number): AnyTensor {
  if (Object.is(value, -0)) return constant(value, type);
  ruleConstants[type] ??= new Map();
  const known = ruleConstants[type].get(value);
  if (known !== undefined) return known;
  const made = constant(value, type);
  ruleConstants[type].set(value, made);
  return made;
}

/**
 * Zeros of the shape and dtype of `x`.
 * @example await zerosLike(tensor([1, 2])).data() // Float32Array [0, 0]
 */
export function zerosLike<S extends Shape, D extends DType>(x: Tensor<S, D>): Tensor<S, D> {
  checkOperand('zerosLike', x);
  return constant(0, x.type, x.extent) as unknown as Tensor<S, D>;
}

/**
 * Ones of the shape and dtype of `x`.
 * @example await onesLike(tensor([1, 2])).data() // Float32Array [1, 1]
 */
export function onesLike<S extends Shape, D extends DType>(x: Tensor<S, D>): Tensor<S, D> {
  checkOperand('onesLike', x);
  return constant(1, x.type, x.extent) as unknown as Tensor<S, D>;
}
