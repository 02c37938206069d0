import type { DType } from '../dtype.js';

/** A number or boolean, or arrays of them nested to one shape. */
export type NestedData = number | boolean | readonly NestedData[];

/** What `tensor` reads. */
export type TensorData = NestedData | Float32Array | Float64Array | Int32Array | Uint8Array;

/** The shape of data: `[2, 3]` for a literal of two rows of three; `[number]` for an array whose length is not in its type. */
export type ShapeOfData<T> = T extends number | boolean
  ? []
  : T extends readonly []
    ? [0]
    : T extends readonly (infer Row)[]
      ? ShapeOfRow<T['length'], T extends readonly [infer First, ...unknown[]] ? First : Row>
      : T extends { readonly BYTES_PER_ELEMENT: number }
        ? [number]
        : number[];

export type ShapeOfRow<Length extends number, Row> =
  ShapeOfData<Row> extends infer Rest extends number[] ? [Length, ...Rest] : number[];

/** The scalar within nested arrays. */
export type ScalarOf<T> = T extends readonly (infer Row)[] ? ScalarOf<Row> : T;

/** The dtype of data, unless another is asked for: a typed array's own, `'bool'` for booleans, else `'float32'`. */
export type DTypeOfData<T> = T extends Float32Array
  ? 'float32'
  : T extends Float64Array
    ? 'float64'
    : T extends Int32Array
      ? 'int32'
      : T extends Uint8Array
        ? 'uint8'
        : [ScalarOf<T>] extends [never]
          ? 'float32'
          : [ScalarOf<T>] extends [boolean]
            ? 'bool'
            : 'float32';

/** `D` if it was given, else the data's own dtype. */
export type DTypeOr<D extends DType | undefined, T> = D extends DType ? D : DTypeOfData<T>;
