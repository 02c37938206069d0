import { INT32 } from '../dtype.js';
import { apply } from '../graph/op.js';
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
import { axesToSum, keepBit, keptExtent, Max, Mean, Sum, sumMask } from './reduce.js';
import { BroadcastTo, Reshape, swapLast, Transpose } from './shape.js';
import { LogSoftmax, Softmax } from './softmax.js';
import { Cos, Exp, Log, Sin, Sqrt } from './transcendental.js';
import { Where } from './where.js';

// The ops as gradient rules and compositions write them: untyped, and a number is a constant of the plan. (Modules of this folder import
// each other in circles; nothing here is used before all of them have run.)

export { constant };

export const neg = (x: AnyTensor): AnyTensor => apply(Neg, [x]);
export const abs = (x: AnyTensor): AnyTensor => apply(Abs, [x]);
export const sign = (x: AnyTensor): AnyTensor => apply(Sign, [x]);
export const square = (x: AnyTensor): AnyTensor => apply(Square, [x]);
export const exp = (x: AnyTensor): AnyTensor => apply(Exp, [x]);
export const log = (x: AnyTensor): AnyTensor => apply(Log, [x]);
export const sqrt = (x: AnyTensor): AnyTensor => apply(Sqrt, [x]);
export const sin = (x: AnyTensor): AnyTensor => apply(Sin, [x]);
export const cos = (x: AnyTensor): AnyTensor => apply(Cos, [x]);
export const softmax = (x: AnyTensor): AnyTensor => apply(Softmax, [x]);
export const logSoftmax = (x: AnyTensor): AnyTensor => apply(LogSoftmax, [x]);

export const add = (a: Operand, b: Operand): AnyTensor => rulePair(Add, a, b);
export const sub = (a: Operand, b: Operand): AnyTensor => rulePair(Sub, a, b);
export const mul = (a: Operand, b: Operand): AnyTensor => rulePair(Mul, a, b);
export const div = (a: Operand, b: Operand): AnyTensor => rulePair(Div, a, b);
export const maximum = (a: Operand, b: Operand): AnyTensor => rulePair(Maximum, a, b);
export const minimum = (a: Operand, b: Operand): AnyTensor => rulePair(Minimum, a, b);
export const equal = (a: Operand, b: Operand): AnyTensor => rulePair(Equal, a, b);
export const less = (a: Operand, b: Operand): AnyTensor => rulePair(Less, a, b);
export const lessEqual = (a: Operand, b: Operand): AnyTensor => rulePair(LessEqual, a, b);
export const greater = (a: Operand, b: Operand): AnyTensor => rulePair(Greater, a, b);
export const greaterEqual = (a: Operand, b: Operand): AnyTensor => rulePair(GreaterEqual, a, b);

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

/** Of tensors of rank 2 or more. `precision` is a code of graph/precision.ts. */
export function matmul(a: AnyTensor, b: AnyTensor, precision = 0): AnyTensor {
  return apply(Matmul, [a, b], precision);
}

/** Sum over the last axis, which stays as a 1. */
export function sumLast(x: AnyTensor): AnyTensor {
  return apply(Sum, [x], sumMask(x.extent.rank - 1) | keepBit);
}

/** Mean over the last axis, which stays as a 1. */
export function meanLast(x: AnyTensor): AnyTensor {
  return apply(Mean, [x], sumMask(x.extent.rank - 1) | keepBit);
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
