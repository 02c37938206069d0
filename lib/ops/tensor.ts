import { allocateShared, BOOL, codeOf, type DType, FLOAT32, isFloat, nameOf, type TypedArray } from '../dtype.js';
import { GradsmithError } from '../errors.js';
import { checkShape, type Extent, intern, type Shape, show } from '../shape.js';
import { Storage } from '../storage.js';
import { type AnyTensor, scalar, stored, type Tensor } from '../tensor.js';
import type { DTypeOr, NestedData, ShapeOfData, TensorData } from '../types/index.js';
import { isRepresentable } from './build.js';
import * as n from './nodes.js';

export interface TensorOptions<D extends DType> {
  /** Default: that of a typed array, 'bool' for booleans, else 'float32'. */
  dtype?: D;
}

export interface ShapedOptions<S extends Shape, D extends DType> extends TensorOptions<D> {
  /** Default: that of the nested arrays; one dimension for a typed array. */
  shape: readonly [...S];
}

/**
 * A tensor with these elements, which are copied: a number, nested arrays of numbers or booleans, or a typed array.
 * @throws ERR_SHAPE for ragged arrays or a shape that does not fit; ERR_VALUE for a number that an integer dtype does not have.
 * @example await tensor([[1, 2], [3, 4]]).sum({ axis: 1 }).data() // Float32Array [3, 7]
 */
export function tensor<const T extends TensorData, D extends DType = never>(
  data: T,
  options?: TensorOptions<D>,
): Tensor<ShapeOfData<T>, DTypeOr<D, T>>;
export function tensor<const T extends TensorData, const S extends Shape, D extends DType = never>(
  data: T,
  options: ShapedOptions<S, D>,
): Tensor<S, DTypeOr<D, T>>;
export function tensor(data: TensorData, options: Partial<ShapedOptions<Shape, DType>> = {}): AnyTensor {
  const { dtype, shape } = options;
  const wanted = dtype === undefined ? null : codeOf(dtype, 'tensor');
  if (ArrayBuffer.isView(data)) return fromTyped(data as TypedArray, wanted, shape);
  const source = fromNested(data as NestedData, wanted);
  return shape === undefined ? source : reshaped(source, extentOf(shape, source.size));
}

function extentOf(shape: readonly number[], size: number): Extent {
  const extent = checkShape(shape, 'tensor');
  if (extent.size === size) return extent;
  throw new GradsmithError('ERR_SHAPE', `tensor: ${size} elements do not fill shape ${show(extent.dims)}`);
}

/** Data in memory takes its shape at once; what is still to be computed (a single number) through a node. */
function reshaped(t: AnyTensor, extent: Extent): AnyTensor {
  return t.storage === null ? n.reshape(t, extent) : stored(t.storage, extent.dims, t.type);
}

function fromTyped(data: TypedArray, wanted: number | null, shape: readonly number[] | undefined): AnyTensor {
  const type = typeOf(data);
  const extent = shape === undefined ? intern([data.length]) : extentOf(shape, data.length);
  const copy = allocateShared(type, data.length);
  copy.set(data);
  const t = stored(new Storage(copy, -1), extent.dims, type);
  return wanted === null ? t : n.cast(t, wanted);
}

function typeOf(data: TypedArray): number {
  if (data instanceof Float32Array) return FLOAT32;
  if (data instanceof Float64Array) return codeOf('float64', 'tensor');
  if (data instanceof Int32Array) return codeOf('int32', 'tensor');
  if (data instanceof Uint8Array) return codeOf('uint8', 'tensor');
  const name = (data as object).constructor.name;
  throw new GradsmithError(
    'ERR_DTYPE',
    `tensor: expected a Float32Array, Float64Array, Int32Array or Uint8Array, got ${name}`,
  );
}

function fromNested(data: NestedData, wanted: number | null): AnyTensor {
  const dims: number[] = [];
  let first: NestedData | undefined = data;
  for (; Array.isArray(first); first = first[0]) dims.push(first.length);
  const type = wanted ?? (typeof first === 'boolean' ? BOOL : FLOAT32);
  const extent = intern(dims);
  const values = allocateShared(type, extent.size);
  const end = fill(values, 0, data, dims, 0, type);
  if (end !== values.length) throw ragged(dims);
  if (dims.length === 0) return scalar(values[0]!, type);
  return stored(new Storage(values, -1), dims, type);
}

/** Writes `data`, which must have the dimensions from `axis` on, from `position` on; returns the position after it. */
function fill(
  values: TypedArray,
  position: number,
  data: NestedData,
  dims: readonly number[],
  axis: number,
  type: number,
): number {
  if (axis === dims.length) {
    values[position] = elementOf(data, dims, type);
    return position + 1;
  }
  if (!Array.isArray(data) || data.length !== dims[axis]) throw ragged(dims);
  let next = position;
  for (let i = 0; i < data.length; i++) next = fill(values, next, data[i], dims, axis + 1, type);
  return next;
}

function elementOf(data: unknown, dims: readonly number[], type: number): number {
  if (Array.isArray(data)) throw ragged(dims);
  const value = typeof data === 'boolean' ? Number(data) : data;
  if (typeof value !== 'number') {
    throw new GradsmithError('ERR_VALUE', `tensor: expected numbers, got ${value === null ? 'null' : typeof value}`);
  }
  if (!isFloat(type) && !isRepresentable(value, type)) {
    throw new GradsmithError('ERR_VALUE', `tensor: ${value} is not a number of dtype ${nameOf(type)}`);
  }
  return value;
}

function ragged(dims: readonly number[]): GradsmithError {
  return new GradsmithError(
    'ERR_SHAPE',
    `tensor: the nested arrays are ragged: their first elements have shape ${show(dims)}, others differ`,
  );
}
