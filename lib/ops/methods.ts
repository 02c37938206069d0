import type { DType, FloatDType } from '../dtype.js';
import type { Shape } from '../shape.js';
import { type AnyTensor, Tensor } from '../tensor.js';
import type {
  Axes,
  AxisArgument,
  BinaryOperand,
  Broadcast,
  BroadcastToArgument,
  Dims,
  ExpandArgument,
  Expanded,
  FlattenArgument,
  Flattened,
  MatmulOperand,
  MatmulShape,
  NumericDType,
  PermutationArgument,
  Permuted,
  Reduced,
  ReduceOptions,
  ReshapeArgument,
  Reshaped,
  Resolved,
  Reversed,
  SqueezeArgument,
  Squeezed,
  SummableDType,
} from '../types/index.js';
import { gelu, relu, sigmoid, tanh } from './activation.js';
import { argmax, argmin } from './argreduce.js';
import { abs, add, div, maximum, minimum, mul, neg, square, sub } from './arithmetic.js';
import { cast, stopGradient } from './cast.js';
import { equal, greater, greaterEqual, less, lessEqual, notEqual } from './comparison.js';
import { type MatmulOptions, matmul } from './matmul.js';
import { max, mean, min, sum } from './reduce.js';
import { broadcastTo, expandDims, flatten, reshape, squeeze, transpose } from './shape.js';
import { logSoftmax, softmax } from './softmax.js';
import { exp, log, sqrt } from './transcendental.js';

// The common ops as methods. Each is generic over `this`: methods over the class's own parameters would be instantiated for every
// tensor type, and break its variance.
declare module '../tensor.js' {
  interface Tensor<out S extends Shape, out D extends DType> {
    /** The same as `add(this, …)`. */
    add<A extends Shape, D extends NumericDType, B extends Shape = [], E extends DType = never>(
      this: Tensor<A, D>,
      b: BinaryOperand<'add', A, B, D, E>,
    ): Tensor<Broadcast<A, B>, D>;
    /** The same as `sub(this, …)`. */
    sub<A extends Shape, D extends NumericDType, B extends Shape = [], E extends DType = never>(
      this: Tensor<A, D>,
      b: BinaryOperand<'sub', A, B, D, E>,
    ): Tensor<Broadcast<A, B>, D>;
    /** The same as `mul(this, …)`. */
    mul<A extends Shape, D extends NumericDType, B extends Shape = [], E extends DType = never>(
      this: Tensor<A, D>,
      b: BinaryOperand<'mul', A, B, D, E>,
    ): Tensor<Broadcast<A, B>, D>;
    /** The same as `div(this, …)`. */
    div<A extends Shape, D extends NumericDType, B extends Shape = [], E extends DType = never>(
      this: Tensor<A, D>,
      b: BinaryOperand<'div', A, B, D, E>,
    ): Tensor<Broadcast<A, B>, D>;
    /** The same as `maximum(this, …)`. */
    maximum<A extends Shape, D extends NumericDType, B extends Shape = [], E extends DType = never>(
      this: Tensor<A, D>,
      b: BinaryOperand<'maximum', A, B, D, E>,
    ): Tensor<Broadcast<A, B>, D>;
    /** The same as `minimum(this, …)`. */
    minimum<A extends Shape, D extends NumericDType, B extends Shape = [], E extends DType = never>(
      this: Tensor<A, D>,
      b: BinaryOperand<'minimum', A, B, D, E>,
    ): Tensor<Broadcast<A, B>, D>;
    /** The same as `equal(this, …)`. */
    equal<A extends Shape, D extends DType, B extends Shape = [], E extends DType = never>(
      this: Tensor<A, D>,
      b: BinaryOperand<'equal', A, B, D, E>,
    ): Tensor<Broadcast<A, B>, 'bool'>;
    /** The same as `notEqual(this, …)`. */
    notEqual<A extends Shape, D extends DType, B extends Shape = [], E extends DType = never>(
      this: Tensor<A, D>,
      b: BinaryOperand<'notEqual', A, B, D, E>,
    ): Tensor<Broadcast<A, B>, 'bool'>;
    /** The same as `less(this, …)`. */
    less<A extends Shape, D extends NumericDType, B extends Shape = [], E extends DType = never>(
      this: Tensor<A, D>,
      b: BinaryOperand<'less', A, B, D, E>,
    ): Tensor<Broadcast<A, B>, 'bool'>;
    /** The same as `lessEqual(this, …)`. */
    lessEqual<A extends Shape, D extends NumericDType, B extends Shape = [], E extends DType = never>(
      this: Tensor<A, D>,
      b: BinaryOperand<'lessEqual', A, B, D, E>,
    ): Tensor<Broadcast<A, B>, 'bool'>;
    /** The same as `greater(this, …)`. */
    greater<A extends Shape, D extends NumericDType, B extends Shape = [], E extends DType = never>(
      this: Tensor<A, D>,
      b: BinaryOperand<'greater', A, B, D, E>,
    ): Tensor<Broadcast<A, B>, 'bool'>;
    /** The same as `greaterEqual(this, …)`. */
    greaterEqual<A extends Shape, D extends NumericDType, B extends Shape = [], E extends DType = never>(
      this: Tensor<A, D>,
      b: BinaryOperand<'greaterEqual', A, B, D, E>,
    ): Tensor<Broadcast<A, B>, 'bool'>;
    /** The same as `neg(this, …)`. */
    neg<A extends Shape, D extends NumericDType>(this: Tensor<A, D>): Tensor<A, D>;
    /** The same as `abs(this, …)`. */
    abs<A extends Shape, D extends NumericDType>(this: Tensor<A, D>): Tensor<A, D>;
    /** The same as `square(this, …)`. */
    square<A extends Shape, D extends NumericDType>(this: Tensor<A, D>): Tensor<A, D>;
    /** The same as `relu(this, …)`. */
    relu<A extends Shape, D extends NumericDType>(this: Tensor<A, D>): Tensor<A, D>;
    /** The same as `gelu(this, …)`. */
    gelu<A extends Shape, D extends FloatDType>(this: Tensor<A, D>): Tensor<A, D>;
    /** The same as `exp(this, …)`. */
    exp<A extends Shape, D extends FloatDType>(this: Tensor<A, D>): Tensor<A, D>;
    /** The same as `log(this, …)`. */
    log<A extends Shape, D extends FloatDType>(this: Tensor<A, D>): Tensor<A, D>;
    /** The same as `sqrt(this, …)`. */
    sqrt<A extends Shape, D extends FloatDType>(this: Tensor<A, D>): Tensor<A, D>;
    /** The same as `tanh(this, …)`. */
    tanh<A extends Shape, D extends FloatDType>(this: Tensor<A, D>): Tensor<A, D>;
    /** The same as `sigmoid(this, …)`. */
    sigmoid<A extends Shape, D extends FloatDType>(this: Tensor<A, D>): Tensor<A, D>;
    /** The same as `cast(this, …)`. */
    cast<A extends Shape, E extends DType>(this: Tensor<A, DType>, dtype: E): Tensor<A, E>;
    /** The same as `stopGradient(this, …)`. */
    stopGradient<A extends Shape, D extends DType>(this: Tensor<A, D>): Tensor<A, D>;
    /** The same as `matmul(this, …)`. */
    matmul<A extends Shape, D extends FloatDType, B extends Shape, E extends DType>(
      this: Tensor<A, D>,
      b: MatmulOperand<MatmulShape<A, B>, B, D, E>,
      options?: MatmulOptions,
    ): Tensor<Resolved<MatmulShape<A, B>>, D>;
    /** The same as `transpose(this, …)`. */
    transpose<A extends Shape, D extends DType>(this: Tensor<A, D>): Tensor<Reversed<A>, D>;
    transpose<A extends Shape, D extends DType, const P extends Dims>(
      this: Tensor<A, D>,
      axes: PermutationArgument<A, P>,
    ): Tensor<Permuted<A, P>, D>;
    /** The same as `reshape(this, …)`. */
    reshape<A extends Shape, D extends DType, const T extends Dims>(
      this: Tensor<A, D>,
      shape: ReshapeArgument<A, T>,
    ): Tensor<Reshaped<A, T>, D>;
    /** The same as `broadcastTo(this, …)`. */
    broadcastTo<A extends Shape, D extends DType, const T extends Dims>(
      this: Tensor<A, D>,
      shape: BroadcastToArgument<A, T>,
    ): Tensor<[...T], D>;
    /** The same as `expandDims(this, …)`. */
    expandDims<A extends Shape, D extends DType, Ax extends number>(
      this: Tensor<A, D>,
      axis: ExpandArgument<A, Ax>,
    ): Tensor<Expanded<A, Ax>, D>;
    /** The same as `squeeze(this, …)`. */
    squeeze<A extends Shape, D extends DType, Ax extends number>(
      this: Tensor<A, D>,
      axis: SqueezeArgument<A, Ax>,
    ): Tensor<Squeezed<A, Ax>, D>;
    /** The same as `flatten(this, …)`. */
    flatten<A extends Shape, D extends DType, Start extends number = 0>(
      this: Tensor<A, D>,
      options?: { startAxis?: FlattenArgument<A, Start> },
    ): Tensor<Flattened<A, Start>, D>;
    /** The same as `sum(this, …)`. */
    sum<A extends Shape, D extends SummableDType, const Ax extends Axes = never, Keep extends boolean = false>(
      this: Tensor<A, D>,
      options?: ReduceOptions<'sum', A, Ax, Keep>,
    ): Tensor<Reduced<A, Ax, Keep>, D>;
    /** The same as `mean(this, …)`. */
    mean<A extends Shape, D extends FloatDType, const Ax extends Axes = never, Keep extends boolean = false>(
      this: Tensor<A, D>,
      options?: ReduceOptions<'mean', A, Ax, Keep>,
    ): Tensor<Reduced<A, Ax, Keep>, D>;
    /** The same as `max(this, …)`. */
    max<A extends Shape, D extends NumericDType, const Ax extends Axes = never, Keep extends boolean = false>(
      this: Tensor<A, D>,
      options?: ReduceOptions<'max', A, Ax, Keep>,
    ): Tensor<Reduced<A, Ax, Keep>, D>;
    /** The same as `min(this, …)`. */
    min<A extends Shape, D extends NumericDType, const Ax extends Axes = never, Keep extends boolean = false>(
      this: Tensor<A, D>,
      options?: ReduceOptions<'min', A, Ax, Keep>,
    ): Tensor<Reduced<A, Ax, Keep>, D>;
    /** The same as `argmax(this, …)`. */
    argmax<A extends Shape, Ax extends number = never, Keep extends boolean = false>(
      this: Tensor<A, NumericDType>,
      options?: ReduceOptions<'argmax', A, Ax, Keep>,
    ): Tensor<Reduced<A, Ax, Keep>, 'int32'>;
    /** The same as `argmin(this, …)`. */
    argmin<A extends Shape, Ax extends number = never, Keep extends boolean = false>(
      this: Tensor<A, NumericDType>,
      options?: ReduceOptions<'argmin', A, Ax, Keep>,
    ): Tensor<Reduced<A, Ax, Keep>, 'int32'>;
    /** The same as `softmax(this, …)`. */
    softmax<A extends Shape, D extends FloatDType, Ax extends number = -1>(
      this: Tensor<A, D>,
      options?: { axis?: AxisArgument<'softmax', A, Ax> },
    ): Tensor<A, D>;
    /** The same as `logSoftmax(this, …)`. */
    logSoftmax<A extends Shape, D extends FloatDType, Ax extends number = -1>(
      this: Tensor<A, D>,
      options?: { axis?: AxisArgument<'logSoftmax', A, Ax> },
    ): Tensor<A, D>;
  }
}

const methods = {
  add,
  sub,
  mul,
  div,
  maximum,
  minimum,
  equal,
  notEqual,
  less,
  lessEqual,
  greater,
  greaterEqual,
  neg,
  abs,
  square,
  relu,
  gelu,
  exp,
  log,
  sqrt,
  tanh,
  sigmoid,
  cast,
  stopGradient,
  matmul,
  transpose,
  reshape,
  broadcastTo,
  expandDims,
  squeeze,
  flatten,
  sum,
  mean,
  max,
  min,
  argmax,
  argmin,
  softmax,
  logSoftmax,
};

for (const [name, f] of Object.entries(methods) as [string, (...operands: unknown[]) => unknown][]) {
  Object.defineProperty(Tensor.prototype, name, {
    value(this: AnyTensor, ...rest: unknown[]) {
      return f(this, ...rest);
    },
    configurable: true,
    writable: true,
  });
}
