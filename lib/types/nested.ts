import type { DType } from '../dtype.js';

/** A number or boolean, or arrays of them nested to one shape. */
export type NestedData = number | boolean | readonly NestedData[];

/** What `tensor` reads. */
export type TensorData = NestedData | Float32Array | Float64Array | Int32Array | Uint8Array;

/**
 * The shape of data: `[2, 3]` for a literal of two rows of three, `[number]` for an array whose length is not in its type,
 * unknown for data that may be a number or an array. (Never distributed over a union: recursive types would not end.)
 */
export type ShapeOfData<T> = [T] extends [number | boolean]
  ? []
  : [T] extends [readonly (infer Row)[]]
    ? [Row] extends [never]
      ? [0]
      : ShapeOfRows<T['length' & keyof T] & number, Row>
    : [T] extends [{ readonly BYTES_PER_ELEMENT: number }]
      ? [number]
      : number[];

/** `Length` rows of one type. */
export type ShapeOfRows<Length extends number, Row> =
  ShapeOfData<Row> extends infer Rest extends number[]
    ? number extends Rest['length']
      ? number[]
      : [Length, ...Rest]
    : number[];

/** The dtype of data, unless another is asked for: a typed array's own, `'bool'` for booleans, else `'float32'`. */
export type DTypeOfData<T> = [T] extends [Float64Array]
  ? 'float64'
  : [T] extends [Int32Array]
    ? 'int32'
    : [T] extends [Uint8Array]
      ? 'uint8'
      : DTypeOfNested<T>;

export type DTypeOfNested<T> = [T] extends [never]
  ? 'float32'
  : [T] extends [boolean]
    ? 'bool'
    : [T] extends [readonly (infer Row)[]]
      ? DTypeOfNested<Row>
      : 'float32';

/** `D` if it was given, else the data's own dtype. */
export type DTypeOr<D extends DType, T> = [D] extends [never] ? DTypeOfData<T> : NoInfer<D>;
