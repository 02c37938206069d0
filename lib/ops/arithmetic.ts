import type { DType, FloatDType } from '../dtype.js';
import { op } from '../graph/op.js';
import type { Shape } from '../shape.js';
import type { Tensor } from '../tensor.js';
import type { BinaryOperand, Broadcast, NumericDType } from '../types/index.js';
import { binary, build, elementwise, float, numeric } from './build.js';
import * as n from './nodes.js';

export const Add = op({
  ...elementwise('add', numeric),
  gradient: (_inputs, _y, dy) => [dy, dy],
  commutes: true,
});

/**
 * Elementwise sum, broadcasting as NumPy does. A number takes the tensor's dtype. Integers wrap.
 * @throws ERR_SHAPE `add: shapes do not broadcast: [2, 3] and [2]`; ERR_DTYPE where the dtypes differ.
 * @example await add(tensor([1, 2]), tensor([10, 20])).data() // Float32Array [11, 22]
 */
export function add<
  E extends DType = never,
  D extends NumericDType = Extract<E, NumericDType>,
  B extends Shape = [],
  A extends Shape = B,
>(a: number | Tensor<A, D>, b: BinaryOperand<'add', A, B, D, E>): Tensor<Broadcast<A, B>, NoInfer<D>> {
  return binary(Add, a, b);
}

export const Sub = op({
  ...elementwise('sub', numeric),
  gradient: ([, b], _y, dy) => [dy, b!.needsGrad ? n.neg(dy) : null],
  identity: 0,
});

/**
 * Elementwise difference `a - b`, broadcasting.
 * @example await sub(1, tensor([1, 2])).data() // Float32Array [0, -1]
 */
export function sub<
  E extends DType = never,
  D extends NumericDType = Extract<E, NumericDType>,
  B extends Shape = [],
  A extends Shape = B,
>(a: number | Tensor<A, D>, b: BinaryOperand<'sub', A, B, D, E>): Tensor<Broadcast<A, B>, NoInfer<D>> {
  return binary(Sub, a, b);
}

export const Mul = op({
  ...elementwise('mul', numeric),
  gradient: ([a, b], _y, dy) => [a!.needsGrad ? n.mul(dy, b!) : null, b!.needsGrad ? n.mul(dy, a!) : null],
  commutes: true,
  identity: 1,
});

/**
 * Elementwise product, broadcasting.
 * @example await mul(tensor([1, 2]), 3).data() // Float32Array [3, 6]
 */
export function mul<
  E extends DType = never,
  D extends NumericDType = Extract<E, NumericDType>,
  B extends Shape = [],
  A extends Shape = B,
>(a: number | Tensor<A, D>, b: BinaryOperand<'mul', A, B, D, E>): Tensor<Broadcast<A, B>, NoInfer<D>> {
  return binary(Mul, a, b);
}

export const Div = op({
  ...elementwise('div', numeric),
  gradient: ([a, b], y, dy) => [
    a!.needsGrad ? n.div(dy, b!) : null,
    b!.needsGrad ? n.neg(n.div(n.mul(dy, y), b!)) : null,
  ],
  identity: 1,
  samples: {
    domain: [
      [-2, 2],
      [0.5, 2],
    ],
  },
});

/**
 * Elementwise quotient `a / b`, broadcasting. Floats as IEEE says (1/0 is Infinity); integers truncate, and by zero give 0.
 * @example await div(tensor([1, 2]), 4).data() // Float32Array [0.25, 0.5]
 */
export function div<
  E extends DType = never,
  D extends NumericDType = Extract<E, NumericDType>,
  B extends Shape = [],
  A extends Shape = B,
>(a: number | Tensor<A, D>, b: BinaryOperand<'div', A, B, D, E>): Tensor<Broadcast<A, B>, NoInfer<D>> {
  return binary(Div, a, b);
}

export const Maximum = op({
  ...elementwise('maximum', numeric),
  gradient: ([a, b], _y, dy) => {
    const first = n.greaterEqual(a!, b!);
    return [a!.needsGrad ? n.where(first, dy, 0) : null, b!.needsGrad ? n.where(first, 0, dy) : null];
  },
});

/**
 * The greater of two elements, broadcasting; NaN if either is. Where they are equal, the gradient goes to the first.
 * @example await maximum(tensor([1, -2]), 0).data() // Float32Array [1, 0]
 */
export function maximum<
  E extends DType = never,
  D extends NumericDType = Extract<E, NumericDType>,
  B extends Shape = [],
  A extends Shape = B,
>(a: number | Tensor<A, D>, b: BinaryOperand<'maximum', A, B, D, E>): Tensor<Broadcast<A, B>, NoInfer<D>> {
  return binary(Maximum, a, b);
}

export const Minimum = op({
  ...elementwise('minimum', numeric),
  gradient: ([a, b], _y, dy) => {
    const first = n.lessEqual(a!, b!);
    return [a!.needsGrad ? n.where(first, dy, 0) : null, b!.needsGrad ? n.where(first, 0, dy) : null];
  },
});

/**
 * The smaller of two elements, broadcasting; NaN if either is. Where they are equal, the gradient goes to the first.
 * @example await minimum(tensor([1, -2]), 0).data() // Float32Array [0, -2]
 */
export function minimum<
  E extends DType = never,
  D extends NumericDType = Extract<E, NumericDType>,
  B extends Shape = [],
  A extends Shape = B,
>(a: number | Tensor<A, D>, b: BinaryOperand<'minimum', A, B, D, E>): Tensor<Broadcast<A, B>, NoInfer<D>> {
  return binary(Minimum, a, b);
}

export const Neg = op({
  ...elementwise('neg', numeric),
  gradient: (_inputs, _y, dy) => [n.neg(dy)],
  equals: ([x]) => n.mul(x!, -1),
  involution: true,
});

/**
 * Elementwise `-x`; the smallest int32 stays, as integers wrap.
 * @example await neg(tensor([1, -2])).data() // Float32Array [-1, 2]
 */
export function neg<S extends Shape, D extends NumericDType>(x: Tensor<S, D>): Tensor<S, D> {
  return build(Neg, [x]);
}

export const Abs = op({
  ...elementwise('abs', numeric),
  gradient: ([x], _y, dy) => [n.mul(dy, n.sign(x!))],
  equals: ([x]) => n.maximum(x!, n.neg(x!)),
  samples: { kinks: [0] },
});

/**
 * Elementwise absolute value. Its gradient at 0 is 0.
 * @example await abs(tensor([1, -2])).data() // Float32Array [1, 2]
 */
export function abs<S extends Shape, D extends NumericDType>(x: Tensor<S, D>): Tensor<S, D> {
  return build(Abs, [x]);
}

export const Sign = op({
  ...elementwise('sign', numeric),
  // Constant wherever it has a derivative.
  gradient: () => [null],
  equals: ([x]) => n.where(n.greater(x!, 0), 1, n.where(n.less(x!, 0), n.constant(-1, x!.type), x!)),
  samples: { kinks: [0] },
});

/**
 * Elementwise sign: -1, 0 or 1; NaN stays. No gradient flows through it.
 * @example await sign(tensor([3, 0, -2])).data() // Float32Array [1, 0, -1]
 */
export function sign<S extends Shape, D extends NumericDType>(x: Tensor<S, D>): Tensor<S, D> {
  return build(Sign, [x]);
}

export const Square = op({
  ...elementwise('square', numeric),
  gradient: ([x], _y, dy) => [n.mul(dy, n.mul(x!, 2))],
  equals: ([x]) => n.mul(x!, x!),
});

/**
 * Elementwise square.
 * @example await square(tensor([3, -2])).data() // Float32Array [9, 4]
 */
export function square<S extends Shape, D extends NumericDType>(x: Tensor<S, D>): Tensor<S, D> {
  return build(Square, [x]);
}

export const Reciprocal = op({
  ...elementwise('reciprocal', float),
  gradient: (_inputs, y, dy) => [n.neg(n.mul(dy, n.square(y)))],
  equals: ([x]) => n.div(1, x!),
  samples: { domain: [0.5, 2] },
});

/**
 * Elementwise `1 / x`.
 * @example await reciprocal(tensor([2, -4])).data() // Float32Array [0.5, -0.25]
 */
export function reciprocal<S extends Shape, D extends FloatDType>(x: Tensor<S, D>): Tensor<S, D> {
  return build(Reciprocal, [x]);
}
