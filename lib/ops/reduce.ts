import type { FloatDType } from '../dtype.js';
import { GradsmithError } from '../errors.js';
import { apply, checkOperand, type Op, type OpEntry, op, type SampleCase } from '../graph/op.js';
import { checkAxis, type Extent, intern, type Shape, show } from '../shape.js';
import type { AnyTensor, Tensor } from '../tensor.js';
import type { Axes, NumericDType, Reduced, ReduceOptions, SummableDType } from '../types/index.js';
import { checkType, type Domain, float, numeric, summable } from './build.js';
import * as n from './nodes.js';

// A reduction's attribute is the set of its axes, a bit each, and whether they stay as ones.
export const keepBit = 256;
/** The bit of an axis. */
export function sumMask(axis: number): number {
  return 1 << axis;
}

/** The shape with every reduced axis as a 1. */
export function keptExtent(x: Extent, attr: number): Extent {
  return reducedExtent(x, attr | keepBit);
}

function keptDims(dims: readonly number[], attr: number): number[] {
  return dims.map((d, i) => ((attr >> i) & 1 ? 1 : d));
}

function reducedExtent(x: Extent, attr: number): Extent {
  return x.reductions.of(attr) ?? x.reductions.add(attr, intern(reducedDims(x.dims, attr)));
}

function reducedDims(dims: readonly number[], attr: number): number[] {
  return attr & keepBit ? keptDims(dims, attr) : dims.filter((_, i) => !((attr >> i) & 1));
}

/** The axes of `from` along which `to` was broadcast to it. */
export function axesToSum(from: Extent, to: Extent): number {
  const lead = from.rank - to.rank;
  let mask = 0;
  for (let i = 0; i < from.rank; i++) if (i < lead || to.dims[i - lead] !== from.dims[i]) mask |= 1 << i;
  return mask;
}

/** Of no elements: its value depends on the dtype for max and min, which have tests of their own for it. */
const ofNothing: SampleCase = { inputs: [{ shape: [0, 3] }], attr: 1 };
/** One axis, several, all; first, middle and last; kept or not; nothing to reduce; rows and columns longer than a vector. */
const cases: readonly SampleCase[] = [
  { inputs: [{ shape: [7] }], attr: 1 },
  { inputs: [{ shape: [3, 5] }], attr: 1 },
  { inputs: [{ shape: [3, 5] }], attr: 2 | keepBit },
  { inputs: [{ shape: [3, 5] }], attr: 3 },
  { inputs: [{ shape: [2, 3, 4] }], attr: 2 },
  { inputs: [{ shape: [2, 3, 4] }], attr: 5 | keepBit },
  ofNothing,
  { inputs: [{ shape: [3, 0] }], attr: 1 },
  { inputs: [{ shape: [19, 131] }], attr: 1 },
  { inputs: [{ shape: [19, 131] }], attr: 2 },
];

/** What the four reductions share; `kind` is the instruction's. */
function reduction(
  name: string,
  kind: number,
  domain: Domain,
): Pick<OpEntry, 'name' | 'shape' | 'dtype' | 'instruction'> {
  return {
    name,
    shape: ([x], attr) => reducedExtent(x!.extent, attr),
    dtype: ([x]) => checkType(name, x!.type, domain),
    instruction: {
      name: 'reduce',
      attributes: () => [kind],
      output: ({ attr, inputDims }) => keptDims(inputDims[0]!, attr),
    },
  };
}

/** `dy` repeated over the axes that were reduced. */
function spread(dy: AnyTensor, x: AnyTensor, attr: number): AnyTensor {
  const mask = attr & 255;
  // Broadcasting puts leading axes back by itself.
  const leadingOnly = (mask & (mask + 1)) === 0;
  return n.broadcastTo(leadingOnly ? dy : n.keptOf(dy, x, attr), x.extent);
}

/** The gradient of a maximum or minimum: to the winner, in equal shares among equal winners, as PyTorch's amax and amin. */
function toWinners([x]: readonly AnyTensor[], y: AnyTensor, dy: AnyTensor, attr: number): AnyTensor[] {
  const winners = n.cast(n.equal(x!, n.keptOf(y, x!, attr)), x!.type);
  const share = n.div(n.keptOf(dy, x!, attr), n.sumKept(winners, attr & 255));
  return [n.mul(winners, share)];
}

function reduce<R>(op: Op, x: AnyTensor, options: { axis?: unknown; keepDims?: boolean }): R {
  checkOperand(op.name, x);
  const { rank } = x.extent;
  const axes = options.axis as Axes | undefined;
  const all = 2 ** rank - 1;
  const mask = axes === undefined ? all : maskOf(op.name, typeof axes === 'number' ? [axes] : axes, x.extent);
  // Reducing no axis leaves x; the op still checks its dtype.
  if (mask === 0) checkNoAxis(op, x);
  return (mask === 0 ? x : apply(op, [x], options.keepDims ? mask | keepBit : mask)) as R;
}

function checkNoAxis(op: Op, x: AnyTensor): void {
  op.dtype([x], 0);
}

function maskOf(name: string, axes: readonly number[], extent: Extent): number {
  let mask = 0;
  for (const axis of axes) {
    const bit = 1 << checkAxis(name, axis, extent);
    if (mask & bit)
      throw new GradsmithError('ERR_SHAPE', `${name}: ${show(axes)} names an axis of ${show(extent.dims)} twice`);
    mask |= bit;
  }
  return mask;
}

export const Sum = op({
  ...reduction('sum', 0, summable),
  gradient: ([x], _y, dy, attr) => [spread(dy, x!, attr)],
  samples: { cases, relative: 2 ** -22 },
});

/**
 * Sum over `axis`, one or several (all by default); `keepDims` leaves ones in their place. The sum of nothing is 0.
 * @throws ERR_SHAPE `sum: axis 2 is out of range for [2, 3]`
 * @example await sum(tensor([[1, 2], [3, 4]]), { axis: 0 }).data() // Float32Array [4, 6]
 */
export function sum<
  S extends Shape,
  D extends SummableDType,
  const Ax extends Axes = never,
  Keep extends boolean = false,
>(x: Tensor<S, D>, options: ReduceOptions<'sum', S, Ax, Keep> = {}): Tensor<Reduced<S, Ax, Keep>, D> {
  return reduce(Sum, x, options);
}

export const Mean = op({
  ...reduction('mean', 1, float),
  gradient: ([x], y, dy, attr) => [spread(n.mul(dy, y.size / x!.size), x!, attr)],
  equals: ([x], attr) => {
    const total = n.sumKept(x!, attr & 255);
    return n.reshape(n.div(total, x!.size / total.size), reducedExtent(x!.extent, attr));
  },
  samples: { cases, relative: 2 ** -22 },
});

/**
 * Mean over `axis`, one or several (all by default). The mean of nothing is NaN.
 * @example await mean(tensor([[1, 2], [3, 4]])).item() // 2.5
 */
export function mean<
  S extends Shape,
  D extends FloatDType,
  const Ax extends Axes = never,
  Keep extends boolean = false,
>(x: Tensor<S, D>, options: ReduceOptions<'mean', S, Ax, Keep> = {}): Tensor<Reduced<S, Ax, Keep>, D> {
  return reduce(Mean, x, options);
}

export const Max = op({
  ...reduction('max', 2, numeric),
  gradient: toWinners,
  samples: { cases: cases.filter((c) => c !== ofNothing) },
});

/**
 * Maximum over `axis`, one or several (all by default); NaN if any element is. The gradient is shared equally among equal winners.
 * The maximum of nothing is -Infinity, or the lowest integer.
 * @example await max(tensor([[1, 2], [4, 3]]), { axis: 1 }).data() // Float32Array [2, 4]
 */
export function max<
  S extends Shape,
  D extends NumericDType,
  const Ax extends Axes = never,
  Keep extends boolean = false,
>(x: Tensor<S, D>, options: ReduceOptions<'max', S, Ax, Keep> = {}): Tensor<Reduced<S, Ax, Keep>, D> {
  return reduce(Max, x, options);
}

export const Min = op({
  ...reduction('min', 3, numeric),
  gradient: toWinners,
  samples: { cases: cases.filter((c) => c !== ofNothing) },
});

/**
 * Minimum over `axis`, one or several (all by default); NaN if any element is. The gradient is shared equally among equal winners.
 * @example await min(tensor([[1, 2], [4, 3]]), { axis: 1 }).data() // Float32Array [1, 3]
 */
export function min<
  S extends Shape,
  D extends NumericDType,
  const Ax extends Axes = never,
  Keep extends boolean = false,
>(x: Tensor<S, D>, options: ReduceOptions<'min', S, Ax, Keep> = {}): Tensor<Reduced<S, Ax, Keep>, D> {
  return reduce(Min, x, options);
}
