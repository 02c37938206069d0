import { type DType, INT32, nameOf } from '../dtype.js';
import { GradsmithError } from '../errors.js';
import { apply, type LoweringTools, op } from '../graph/op.js';
import { sizeOfDims, type View } from '../graph/view.js';
import { type Extent, intern, type Shape, show } from '../shape.js';
import { type AnyTensor, scalar, type Tensor, VALUE } from '../tensor.js';
import type { Gathered, Scattered, SummableDType, WithRows } from '../types/index.js';
import { checkType, summable } from './build.js';
import * as n from './nodes.js';

// Ops that choose rows by index. A table is seen as a matrix: its first dimension, and all the others as one.

function rowSize(dims: readonly number[]): number {
  return sizeOfDims(dims.slice(1));
}

/** The view as a matrix whose rows lie together. */
function asRows(view: View, dims: readonly number[], tools: LoweringTools): View {
  const rows = tools.reshape(view, dims);
  return dims[1]! <= 1 || rows.strides[1] === 1 ? rows : tools.contiguous(rows);
}

function asList(view: View, tools: LoweringTools): View {
  return tools.contiguous(tools.reshape(view, [sizeOfDims(view.dims)]));
}

function checkIndices(name: string, indices: AnyTensor): void {
  if (indices.type !== INT32) {
    throw new GradsmithError(
      'ERR_DTYPE',
      `${name}: expected indices of dtype int32, got ${nameOf(indices.type)} (cast them)`,
    );
  }
}

function rowExtent(name: string, x: Extent): readonly number[] {
  if (x.rank === 0) throw new GradsmithError('ERR_SHAPE', `${name}: expected a table of at least 1 dimension, got []`);
  return x.dims.slice(1);
}

export const Gather = op({
  name: 'gather',
  shape: ([table, indices]) => intern([...indices!.extent.dims, ...rowExtent('gather', table!.extent)]),
  dtype: ([table, indices]) => {
    checkIndices('gather', indices!);
    return table!.type;
  },
  gradient: ([table, indices], _y, dy) => [n.scatterAdd(indices!, dy, table!.extent.dims[0]!), null],
  instruction: {
    name: 'gather',
    output: ({ inputDims }) => [sizeOfDims(inputDims[1]!), rowSize(inputDims[0]!)],
    operands: ({ inputDims }, [table, indices], tools) => [
      asRows(table!, [inputDims[0]![0]!, rowSize(inputDims[0]!)], tools),
      asList(indices!, tools),
    ],
  },
  equals: ([table, indices], _attr) => {
    const rows = table!.extent.dims[0]!;
    const chosen = n.matmul(
      n.oneHot(indices!, rows, table!.type),
      n.reshape(table!, intern([rows, rowSize(table!.extent.dims)])),
    );
    return n.reshape(chosen, intern([...indices!.extent.dims, ...table!.extent.dims.slice(1)]));
  },
  fallible: true,
  samples: {
    cases: [
      { inputs: [{ shape: [5, 3] }, { shape: [4], type: INT32, below: 5 }] },
      { inputs: [{ shape: [5] }, { shape: [7], type: INT32, below: 5 }] },
      { inputs: [{ shape: [3, 2, 2] }, { shape: [2, 3], type: INT32, below: 3 }] },
      { inputs: [{ shape: [3, 40] }, { shape: [], type: INT32, below: 3 }] },
      { inputs: [{ shape: [3, 2] }, { shape: [0], type: INT32, below: 3 }] },
    ],
  },
});

/**
 * Rows of a table `[R, …]`, one for each of the int32 `indices`: an embedding, or the batch of a data set.
 * @throws ERR_INDEX, when it is read, for an index outside 0 … R - 1.
 * @example await gather(tensor([[1, 2], [3, 4]]), tensor([1, 1], { dtype: 'int32' })).array() // [[3, 4], [3, 4]]
 */
export function gather<S extends Shape, D extends DType, I extends Shape>(
  table: Tensor<S, D>,
  indices: Tensor<I, 'int32'>,
): Tensor<Gathered<S, I>, D> {
  return n.gather(table, indices) as unknown as Tensor<Gathered<S, I>, D>;
}

/** The attribute is the number of rows. */
export const ScatterAdd = op({
  name: 'scatterAdd',
  shape: ([indices, x], rows) => {
    const [i, r] = [indices!.extent, x!.extent];
    if (r.rank < i.rank || i.dims.some((d, k) => d !== r.dims[k])) {
      throw new GradsmithError(
        'ERR_SHAPE',
        `scatterAdd: expected a row for each index, got indices ${show(i.dims)} and rows ${show(r.dims)}`,
      );
    }
    return intern([rows, ...r.dims.slice(i.rank)]);
  },
  dtype: ([indices, x]) => {
    checkIndices('scatterAdd', indices!);
    return checkType('scatterAdd', x!.type, summable);
  },
  gradient: ([indices], _y, dy) => [null, n.gather(dy, indices!)],
  instruction: {
    name: 'scatterAdd',
    output: ({ dims }) => [dims[0]!, rowSize(dims)],
    operands: ({ dims, inputDims }, [indices, x], tools) => [
      asList(indices!, tools),
      asRows(x!, [sizeOfDims(inputDims[0]!), rowSize(dims)], tools),
    ],
  },
  equals: ([indices, x], rows) => {
    const flat = n.reshape(x!, intern([indices!.size, rowSize([0, ...x!.extent.dims.slice(indices!.extent.rank)])]));
    const total = n.matmul(n.transposeLast(n.oneHot(indices!, rows, x!.type)), flat);
    return n.reshape(total, intern([rows, ...x!.extent.dims.slice(indices!.extent.rank)]));
  },
  fallible: true,
  samples: {
    cases: [
      { inputs: [{ shape: [4], type: INT32, below: 5 }, { shape: [4, 3] }], attr: 5 },
      { inputs: [{ shape: [7], type: INT32, below: 3 }, { shape: [7] }], attr: 3 },
      { inputs: [{ shape: [2, 3], type: INT32, below: 2 }, { shape: [2, 3, 2] }], attr: 2 },
      { inputs: [{ shape: [0], type: INT32, below: 2 }, { shape: [0, 3] }], attr: 2 },
    ],
    relative: 2 ** -23,
  },
});

/**
 * A table of `rows` rows, zero but for row i of `x` added to row `indices[i]`, in order of i: the gradient of `gather`.
 * @throws ERR_INDEX, when it is read, for an index outside 0 … rows - 1.
 * @example await scatterAdd(tensor([1, 1], { dtype: 'int32' }), tensor([[1, 2], [3, 4]]), 2).array() // [[0, 0], [4, 6]]
 */
export function scatterAdd<S extends Shape, D extends SummableDType, I extends Shape, R extends number>(
  indices: Tensor<I, 'int32'>,
  x: Tensor<S, D>,
  rows: R,
): Tensor<Scattered<S, I, R>, D> {
  return n.scatterAdd(indices, x, checkCount('scatterAdd', 'rows', rows)) as unknown as Tensor<Scattered<S, I, R>, D>;
}

export function checkCount(name: string, what: string, value: number): number {
  if (!Number.isInteger(value) || value < 0 || value > 2 ** 31 - 1) {
    throw new GradsmithError(
      'ERR_VALUE',
      `${name}: expected a number of ${what}, an integer >= 0, got ${String(value)}`,
    );
  }
  return value;
}

/** The attribute is the number of rows. */
export const DynamicSlice = op({
  name: 'dynamicSlice',
  shape: ([x], length) => {
    const row = rowExtent('dynamicSlice', x!.extent);
    if (length > x!.extent.dims[0]!) {
      throw new GradsmithError('ERR_SHAPE', `dynamicSlice: ${length} rows are more than ${show(x!.extent.dims)} has`);
    }
    return intern([length, ...row]);
  },
  dtype: ([x]) => x!.type,
  gradient: ([x, start], _y, dy, length) => {
    const places = n.iota(intern([length]), INT32, start!);
    return [n.scatterAdd(places, dy, x!.extent.dims[0]!), null];
  },
  instruction: {
    name: 'dynamicSlice',
    output: ({ dims }) => [dims[0]!, rowSize(dims)],
    operands: ({ inputDims }, [x, start], tools) => [
      asRows(x!, [inputDims[0]![0]!, rowSize(inputDims[0]!)], tools),
      start!,
    ],
    scalars: [1],
    window: true,
  },
  fallible: true,
});

/**
 * `length` rows of `x`, from row `start` on. `start` may change from step to step without a new plan.
 * @throws ERR_INDEX, when it is read, for rows that x does not have.
 * @example await dynamicSlice(tensor([1, 2, 3, 4]), 1, 2).data() // Float32Array [2, 3]
 */
export function dynamicSlice<S extends Shape, D extends DType, N extends number>(
  x: Tensor<S, D>,
  start: number | Tensor<[], 'int32'>,
  length: N,
): Tensor<WithRows<S, N>, D> {
  checkCount('dynamicSlice', 'rows', length);
  const first = typeof start === 'number' ? scalar(checkStart(start), INT32) : numberOfTheRun(start);
  return apply(DynamicSlice, [x, first], length) as unknown as Tensor<WithRows<S, N>, D>;
}

function checkStart(start: number): number {
  if (!Number.isInteger(start) || start !== (start | 0)) {
    throw new GradsmithError('ERR_VALUE', `dynamicSlice: expected a row to start at, an integer, got ${String(start)}`);
  }
  return start;
}

/** A start that the graph computed could not be checked before anything is overwritten. */
function numberOfTheRun(start: AnyTensor): AnyTensor {
  if (start.kind === VALUE && start.type === INT32) return start;
  throw new GradsmithError(
    'ERR_VALUE',
    'dynamicSlice: expected start as a number, got a tensor; use gather for computed rows',
  );
}
