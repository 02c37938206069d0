// A view: which memory, and how elements are spread over it. Pure functions, used when a plan is built.

import { contiguousStrides } from '../shape.js';

export interface View {
  /** The value that owns the memory: an index into the plan's values. */
  readonly owner: number;
  /** Elements from the start of the owner's memory. */
  readonly offset: number;
  readonly dims: readonly number[];
  /** Elements; 0 repeats (broadcast). */
  readonly strides: readonly number[];
}

/** All of a value's memory, row-major. */
export function wholeView(owner: number, dims: readonly number[]): View {
  return { owner, offset: 0, dims, strides: contiguousStrides(dims) };
}

export function sizeOfDims(dims: readonly number[]): number {
  let n = 1;
  for (const d of dims) n *= d;
  return n;
}

/** Row-major without gaps? Dimensions of 1 may have any stride; an empty view is contiguous. */
export function isContiguous(view: View): boolean {
  let step = 1;
  if (sizeOfDims(view.dims) === 0) return true;
  for (let i = view.dims.length - 1; i >= 0; i--) {
    if (view.dims[i] === 1) continue;
    if (view.strides[i] !== step) return false;
    step *= view.dims[i]!;
  }
  return true;
}

/** The view repeated to `dims` by NumPy's rules; it must broadcast. */
export function broadcastView(view: View, dims: readonly number[]): View {
  const lead = dims.length - view.dims.length;
  const strides = dims.map((d, i) =>
    i < lead || (view.dims[i - lead] === 1 && d !== 1) ? 0 : view.strides[i - lead]!,
  );
  return { ...view, dims, strides };
}

/** Axis i of the result is axis `order[i]` of the view. */
export function permuteView(view: View, order: readonly number[]): View {
  return { ...view, dims: order.map((i) => view.dims[i]!), strides: order.map((i) => view.strides[i]!) };
}

/**
 * The same elements with other dimensions of equal product, or null where strides cannot say so. Runs of dimensions that lie
 * evenly spaced in memory are regrouped; others must keep their borders.
 */
export function reshapeView(view: View, dims: readonly number[]): View | null {
  if (sizeOfDims(dims) === 0) return { ...view, dims, strides: contiguousStrides(dims) };
  const old: { dim: number; stride: number }[] = [];
  view.dims.forEach((dim, i) => {
    if (dim !== 1) old.push({ dim, stride: view.strides[i]! });
  });
  const strides = new Array<number>(dims.length).fill(0);
  let i = 0;
  let j = 0;
  while (i < old.length) {
    let from = old[i]!.dim;
    let k = i + 1;
    while (j < dims.length && dims[j] === 1) j++;
    let to = dims[j]!;
    let l = j + 1;
    while (from !== to) {
      if (from < to) {
        if (old[k - 1]!.stride !== old[k]!.stride * old[k]!.dim) return null;
        from *= old[k++]!.dim;
      } else {
        to *= dims[l++]!;
      }
    }
    // Dimensions i..k of the old view are one evenly spaced run, split into j..l of the new one.
    for (let m = k - 1; m > i; m--) if (old[m - 1]!.stride !== old[m]!.stride * old[m]!.dim) return null;
    let step = old[k - 1]!.stride;
    for (let m = l - 1; m >= j; m--) {
      strides[m] = step;
      step *= dims[m]!;
    }
    i = k;
    j = l;
  }
  return { ...view, dims, strides };
}
