import type { DType } from '../dtype.js';
import { GradsmithError } from '../errors.js';
import { apply, checkOperand, op } from '../graph/op.js';
import { broadcastView, permuteView, reshapeView } from '../graph/view.js';
import { checkAxis, checkShape, type Extent, extentOf, intern, type Shape, show } from '../shape.js';
import type { AnyTensor, Tensor } from '../tensor.js';
import type {
  BroadcastToArgument,
  Dims,
  ExpandArgument,
  Expanded,
  FlattenArgument,
  Flattened,
  PermutationArgument,
  Permuted,
  ReshapeArgument,
  Reshaped,
  Reversed,
  SqueezeArgument,
  Squeezed,
} from '../types/index.js';
import { Matmul } from './matmul.js';
import * as n from './nodes.js';

// Other ways to see the same elements: these ops move nothing by themselves.

// A permutation as one integer: axis i of the result is axis (attr >> 3i) & 7 of the input. Ranks are at most 8.
const axisAt = (attr: number, i: number): number => (attr >> (3 * i)) & 7;
const packAxes = (order: readonly number[]): number => order.reduce((packed, axis, i) => packed | (axis << (3 * i)), 0);
const orderOf = (attr: number, rank: number): number[] => Array.from({ length: rank }, (_, i) => axisAt(attr, i));

function permutedExtent(x: Extent, attr: number): Extent {
  return x.permutations.of(attr) ?? x.permutations.add(attr, intern(orderOf(attr, x.rank).map((i) => x.dims[i]!)));
}

const swaps = Array.from({ length: 9 }, (_, rank) => {
  const order = Array.from({ length: rank }, (_, i) => i);
  if (rank >= 2) order.push(...order.splice(rank - 2, 1));
  return packAxes(order);
});
/** The attribute of a transpose that swaps the last two of `rank` axes. */
export function swapLast(rank: number): number {
  return swaps[rank]!;
}

function inverse(attr: number, rank: number): number {
  let packed = 0;
  for (let i = 0; i < rank; i++) packed |= i << (3 * axisAt(attr, i));
  return packed;
}

export const Transpose = op({
  name: 'transpose',
  shape: ([x], attr) => permutedExtent(x!.extent, attr),
  dtype: ([x]) => x!.type,
  view: (input, { attr }) => permuteView(input, orderOf(attr, input.dims.length)),
  gradient: ([x], _y, dy, attr) => [transposedGradient(dy, inverse(attr, x!.extent.rank))],
  samples: {
    cases: [
      { inputs: [{ shape: [3, 5] }], attr: packAxes([1, 0]) },
      { inputs: [{ shape: [2, 3, 4] }], attr: packAxes([2, 0, 1]) },
      { inputs: [{ shape: [2, 1, 3, 2] }], attr: packAxes([3, 1, 0, 2]) },
      { inputs: [{ shape: [0, 3] }], attr: packAxes([1, 0]) },
    ],
  },
});

/**
 * A gradient with its axes in another order. Where it is a matrix product, (A·B)ᵀ is Bᵀ·Aᵀ: so the gradient of a weight that is used
 * transposed comes in the weight's own layout, and the update can join the product.
 */
function transposedGradient(dy: AnyTensor, attr: number): AnyTensor {
  if (dy.op !== Matmul || attr !== swapLast(dy.extent.rank)) return apply(Transpose, [dy], attr);
  const [a, b] = dy.inputs;
  return apply(Matmul, [matrixTranspose(b!), matrixTranspose(a!)], dy.attr);
}

/** Swaps the last two axes; twice is not at all. */
function matrixTranspose(x: AnyTensor): AnyTensor {
  const swap = swapLast(x.extent.rank);
  return x.op === Transpose && x.attr === swap ? x.inputs[0]! : apply(Transpose, [x], swap);
}

/**
 * The axes in another order: reversed, or axis i of the result is axis `axes[i]` of x.
 * @throws ERR_SHAPE unless `axes` names every axis once.
 * @example await transpose(tensor([[1, 2], [3, 4]])).data() // Float32Array [1, 3, 2, 4]
 */
export function transpose<S extends Shape, D extends DType>(x: Tensor<S, D>): Tensor<Reversed<S>, D>;
export function transpose<S extends Shape, D extends DType, const P extends Dims>(
  x: Tensor<S, D>,
  axes: PermutationArgument<S, P>,
): Tensor<Permuted<S, P>, D>;
export function transpose(x: AnyTensor, axes?: unknown): AnyTensor {
  checkOperand('transpose', x);
  const { rank } = x.extent;
  const order = axes === undefined ? Array.from({ length: rank }, (_, i) => rank - 1 - i) : checkOrder(x, axes as Dims);
  return apply(Transpose, [x], packAxes(order));
}

function checkOrder(x: AnyTensor, axes: Dims): number[] {
  const order = axes.map((axis) => checkAxis('transpose', axis, x.extent));
  if (order.length !== x.extent.rank || new Set(order).size !== order.length) {
    const shapes = `${show(axes)} is not a permutation of the axes of ${show(x.extent.dims)}`;
    throw new GradsmithError('ERR_SHAPE', `transpose: ${shapes}`);
  }
  return order;
}

/** The attribute is the id of the new shape. */
export const Reshape = op({
  name: 'reshape',
  shape: (_inputs, attr) => extentOf(attr),
  dtype: ([x]) => x!.type,
  view: (input, { dims }) => reshapeView(input, dims),
  gradient: ([x], _y, dy) => [n.reshape(dy, x!.extent)],
  samples: {
    cases: [
      { inputs: [{ shape: [3, 4] }], attr: intern([2, 6]).id },
      { inputs: [{ shape: [2, 3, 4] }], attr: intern([4, 6]).id },
      { inputs: [{ shape: [1] }], attr: intern([]).id },
      { inputs: [{ shape: [0, 3] }], attr: intern([3, 0, 2]).id },
    ],
  },
});

/**
 * The same elements, in row-major order, in another shape. One dimension may be -1: it is what the others leave.
 * @throws ERR_SHAPE `reshape: [2, 3] has a different number of elements than [5]`
 * @example await reshape(tensor([1, 2, 3, 4]), [2, -1]).array() // [[1, 2], [3, 4]]
 */
export function reshape<S extends Shape, D extends DType, const T extends Dims>(
  x: Tensor<S, D>,
  shape: ReshapeArgument<S, T>,
): Tensor<Reshaped<S, T>, D> {
  checkOperand('reshape', x);
  return n.reshape(x, targetOf(x.extent, shape as unknown as Dims)) as unknown as Tensor<Reshaped<S, T>, D>;
}

function targetOf(from: Extent, shape: Dims): Extent {
  const place = shape.indexOf(-1);
  if (place < 0) return checkCount(from, checkShape(shape, 'reshape'), shape);
  const rest = checkShape(shape.toSpliced(place, 1), 'reshape').size;
  const dim = rest === 0 ? Number.NaN : from.size / rest;
  if (!Number.isInteger(dim)) throw countError(from, shape);
  return intern(shape.with(place, dim));
}

function checkCount(from: Extent, to: Extent, shape: Dims): Extent {
  if (from.size !== to.size) throw countError(from, shape);
  return to;
}

function countError(from: Extent, shape: Dims): GradsmithError {
  const shapes = `${show(from.dims)} has a different number of elements than ${show(shape)}`;
  return new GradsmithError('ERR_SHAPE', `reshape: ${shapes}`);
}

/** The attribute is the id of the new shape. */
export const BroadcastTo = op({
  name: 'broadcastTo',
  shape: (_inputs, attr) => extentOf(attr),
  dtype: ([x]) => x!.type,
  view: (input, { dims }) => broadcastView(input, dims),
  gradient: ([x], _y, dy) => [n.sumTo(dy, x!.extent)],
  samples: {
    cases: [
      { inputs: [{ shape: [] }], attr: intern([2, 3]).id },
      { inputs: [{ shape: [3, 1] }], attr: intern([2, 3, 4]).id },
      { inputs: [{ shape: [2, 1, 3] }], attr: intern([2, 2, 3]).id },
      { inputs: [{ shape: [1] }], attr: intern([0]).id },
    ],
  },
});

/**
 * Repeats `x` to a shape, as NumPy broadcasts.
 * @throws ERR_SHAPE `broadcastTo: [2, 3] does not broadcast to [2, 2]`
 * @example await broadcastTo(tensor([1, 2]), [2, 2]).array() // [[1, 2], [1, 2]]
 */
export function broadcastTo<S extends Shape, D extends DType, const T extends Dims>(
  x: Tensor<S, D>,
  shape: BroadcastToArgument<S, T>,
): Tensor<[...T], D> {
  checkOperand('broadcastTo', x);
  const to = checkShape(shape as unknown as Dims, 'broadcastTo');
  if (!fits(x.extent, to)) {
    const shapes = `${show(x.extent.dims)} does not broadcast to ${show(to.dims)}`;
    throw new GradsmithError('ERR_SHAPE', `broadcastTo: ${shapes}`);
  }
  return n.broadcastTo(x, to) as unknown as Tensor<[...T], D>;
}

function fits(from: Extent, to: Extent): boolean {
  const lead = to.rank - from.rank;
  return lead >= 0 && from.dims.every((d, i) => d === 1 || d === to.dims[i + lead]);
}

/**
 * Puts in a dimension of 1 at `axis`, which may be one past the end.
 * @example expandDims(zeros([2, 3]), 1).shape // [2, 1, 3]
 */
export function expandDims<S extends Shape, D extends DType, Ax extends number>(
  x: Tensor<S, D>,
  axis: ExpandArgument<S, Ax>,
): Tensor<Expanded<S, Ax>, D> {
  checkOperand('expandDims', x);
  const { dims, rank } = x.extent;
  const at = axis as unknown as number;
  const i = at < 0 ? at + rank + 1 : at;
  if (!Number.isInteger(at) || i < 0 || i > rank) {
    throw new GradsmithError('ERR_SHAPE', `expandDims: axis ${at} is out of range for ${show(dims)}`);
  }
  return n.reshape(x, intern(dims.toSpliced(i, 0, 1))) as unknown as Tensor<Expanded<S, Ax>, D>;
}

/**
 * Drops dimension `axis`, which must be 1.
 * @throws ERR_SHAPE `squeeze: axis 0 of [2, 1] is 2, not 1`
 * @example squeeze(zeros([2, 1, 3]), 1).shape // [2, 3]
 */
export function squeeze<S extends Shape, D extends DType, Ax extends number>(
  x: Tensor<S, D>,
  axis: SqueezeArgument<S, Ax>,
): Tensor<Squeezed<S, Ax>, D> {
  checkOperand('squeeze', x);
  const { dims } = x.extent;
  const i = checkAxis('squeeze', axis as unknown as number, x.extent);
  if (dims[i] !== 1) {
    throw new GradsmithError('ERR_SHAPE', `squeeze: axis ${String(axis)} of ${show(dims)} is ${dims[i]}, not 1`);
  }
  return n.reshape(x, intern(dims.toSpliced(i, 1))) as unknown as Tensor<Squeezed<S, Ax>, D>;
}

/**
 * Joins the dimensions from `startAxis` on (default: all) into one.
 * @example flatten(zeros([5, 2, 3]), { startAxis: 1 }).shape // [5, 6]
 */
export function flatten<S extends Shape, D extends DType, Start extends number = 0>(
  x: Tensor<S, D>,
  options: { startAxis?: FlattenArgument<S, Start> } = {},
): Tensor<Flattened<S, Start>, D> {
  checkOperand('flatten', x);
  const { dims, rank } = x.extent;
  const start = options.startAxis as number | undefined;
  const i = rank === 0 && (start ?? 0) === 0 ? 0 : checkAxis('flatten', start ?? 0, x.extent);
  const joined = dims.slice(i).reduce((a, b) => a * b, 1);
  return n.reshape(x, intern([...dims.slice(0, i), joined])) as unknown as Tensor<Flattened<S, Start>, D>;
}
