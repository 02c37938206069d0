import { INT32 } from '../dtype.js';
import { apply, type Op } from '../graph/op.js';
import { type Extent, intern } from '../shape.js';
import { type AnyTensor, scalar } from '../tensor.js';
import { Abs, Add, Div, Maximum, Minimum, Mul, Neg, Sign, Square, Sub } from './arithmetic.js';
import { type Operand, rulePair } from './build.js';
import { Cast } from './cast.js';
import { Equal, Greater, GreaterEqual, Less, LessEqual } from './comparison.js';
import { constant } from './fill.js';
import { Gather, ScatterAdd } from './gather.js';
import { Iota } from './iota.js';
import { Matmul } from './matmul.js';
import { axesToSum, keepBit, keptExtent, Max, Sum, sumMask } from './reduce.js';
import { BroadcastTo, Reshape, swapLast, Transpose } from './shape.js';
import { LogSoftmax, Softmax } from './softmax.js';
import { Cos, Exp, Log, Sin, Sqrt } from './transcendental.js';
import { Where } from './where.js';

// The ops as gradient rules and compositions write them: untyped, and a number is a constant of the plan. (Modules of this folder import
// each other in circles; nothing here is used before all of them have run.)

type Unary = (x: AnyTensor) => AnyTensor;
type Binary = (a: Operand, b: Operand) => AnyTensor;

const unary =
  (op: () => Op): Unary =>
  (x) =>
    apply(op(), [x]);
const pair =
  (op: () => Op): Binary =>
  (a, b) =>
    rulePair(op(), a, b);

export { constant };

export const neg = unary(() => Neg);
export const abs = unary(() => Abs);
export const sign = unary(() => Sign);
export const square = unary(() => Square);
export const exp = unary(() => Exp);
export const log = unary(() => Log);
export const sqrt = unary(() => Sqrt);
export const sin = unary(() => Sin);
export const cos = unary(() => Cos);
export const softmax = unary(() => Softmax);
export const logSoftmax = unary(() => LogSoftmax);

export const add = pair(() => Add);
export const sub = pair(() => Sub);
export const mul = pair(() => Mul);
export const div = pair(() => Div);
export const maximum = pair(() => Maximum);
export const minimum = pair(() => Minimum);
export const equal = pair(() => Equal);
export const less = pair(() => Less);
export const lessEqual = pair(() => LessEqual);
export const greater = pair(() => Greater);
export const greaterEqual = pair(() => GreaterEqual);

/** At least one of `a` and `b` is a tensor. */
export function where(condition: AnyTensor, a: Operand, b: Operand): AnyTensor {
  if (typeof a === 'number') return apply(Where, [condition, constant(a, (b as AnyTensor).type), b as AnyTensor]);
  return apply(Where, [condition, a, typeof b === 'number' ? constant(b, a.type) : b]);
}

export function cast(x: AnyTensor, type: number): AnyTensor {
  return x.type === type ? x : apply(Cast, [x], type);
}

export function reshape(x: AnyTensor, extent: Extent): AnyTensor {
  return x.extent === extent ? x : apply(Reshape, [x], extent.id);
}

export function broadcastTo(x: AnyTensor, extent: Extent): AnyTensor {
  return x.extent === extent ? x : apply(BroadcastTo, [x], extent.id);
}

/** Swaps the last two axes. */
export function transposeLast(x: AnyTensor): AnyTensor {
  return apply(Transpose, [x], swapLast(x.extent.rank));
}

/** Of tensors of rank 2 or more. */
export function matmul(a: AnyTensor, b: AnyTensor): AnyTensor {
  return apply(Matmul, [a, b]);
}

/** Sum over the last axis, which stays as a 1. */
export function sumLast(x: AnyTensor): AnyTensor {
  return apply(Sum, [x], sumMask(x.extent.rank - 1) | keepBit);
}

/** Maximum over the last axis, which stays as a 1. */
export function maxLast(x: AnyTensor): AnyTensor {
  return apply(Max, [x], sumMask(x.extent.rank - 1) | keepBit);
}

/** Sum over a set of axes, which stay as ones. */
export function sumKept(x: AnyTensor, mask: number): AnyTensor {
  return mask === 0 ? x : apply(Sum, [x], mask | keepBit);
}

/** Sums over the dimensions along which a tensor of shape `to` was broadcast to x's. */
export function sumTo(x: AnyTensor, to: Extent): AnyTensor {
  if (x.extent === to) return x;
  const mask = axesToSum(x.extent, to);
  const leading = x.extent.rank - to.rank;
  // Leading axes vanish; the others stay as ones. Where only leading ones are summed, one node says it all.
  if (mask >> leading === 0) return mask === 0 ? reshape(x, to) : apply(Sum, [x], mask);
  return reshape(apply(Sum, [x], mask | keepBit), to);
}

/** The result of a reduction with its reduced axes put back as ones. */
export function keptOf(y: AnyTensor, x: AnyTensor, attr: number): AnyTensor {
  return reshape(y, keptExtent(x.extent, attr));
}

/** Rows of a table; `indices` of any shape. */
export function gather(table: AnyTensor, indices: AnyTensor): AnyTensor {
  return apply(Gather, [table, indices]);
}

export function scatterAdd(indices: AnyTensor, x: AnyTensor, rows: number): AnyTensor {
  return apply(ScatterAdd, [indices, x], rows);
}

/** start, start + 1, start + 2 … in a tensor of this shape. */
export function iota(extent: Extent, type: number, start: AnyTensor = scalar(0, type)): AnyTensor {
  return apply(Iota, [start, scalar(1, type)], extent.id * 8 + type);
}

/** A row for each index: 1 at the index, 0 elsewhere. */
export function oneHot(indices: AnyTensor, classes: number, type: number): AnyTensor {
  const column = reshape(indices, intern([indices.size, 1]));
  return cast(equal(column, iota(intern([classes]), INT32)), type);
}
