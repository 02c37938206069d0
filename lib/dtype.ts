import { GradsmithError } from './errors.js';

/** Element types. There is no silent promotion between them; a JavaScript number takes the tensor's dtype. */
export type DType = 'float32' | 'float64' | 'int32' | 'uint8' | 'bool';
/** The dtypes that have gradients. */
export type FloatDType = 'float32' | 'float64';

/** Names by code. The codes are part of the plan format (native/base/dtype.h): never renumber, only append. */
export const DTYPES: readonly DType[] = ['float32', 'float64', 'int32', 'uint8', 'bool'];

export const FLOAT32 = 0;
export const FLOAT64 = 1;
export const INT32 = 2;
export const UINT8 = 3;
export const BOOL = 4;

/** A typed array that holds the elements of a tensor; a bool is a byte, 0 or 1. */
export type TypedArray = Float32Array | Float64Array | Int32Array | Uint8Array;

/** The typed array that `data()` resolves to. */
export type DataOf<D extends DType> = D extends 'float32'
  ? Float32Array
  : D extends 'float64'
    ? Float64Array
    : D extends 'int32'
      ? Int32Array
      : Uint8Array;

const SIZES = [4, 8, 4, 1, 1];
const ARRAYS = [Float32Array, Float64Array, Int32Array, Uint8Array, Uint8Array] as const;

export function isFloat(code: number): boolean {
  return code <= FLOAT64;
}

/** Bytes an element takes. */
export function sizeOf(code: number): number {
  return SIZES[code]!;
}

/** Name of a dtype code. */
export function nameOf(code: number): DType {
  return DTYPES[code]!;
}

/** Code of a dtype name. Throws ERR_DTYPE, naming `op`, for anything else. */
export function codeOf(dtype: DType, op: string): number {
  const code = DTYPES.indexOf(dtype);
  if (code < 0)
    throw new GradsmithError(
      'ERR_DTYPE',
      `${op}: unknown dtype ${String(dtype)}; expected one of ${DTYPES.join(', ')}`,
    );
  return code;
}

/** A zero-filled typed array for `n` elements. */
export function allocate(code: number, n: number): TypedArray {
  return new ARRAYS[code]!(n);
}

const CHUNK_BYTES = 32768;
const LARGEST_SHARED_BYTES = 4096;
const LINE_BYTES = 64;

let chunk = new ArrayBuffer(CHUNK_BYTES);
let used = 0;

/**
 * As `allocate`, for arrays that nobody but gradsmith sees: small ones share a buffer, since a buffer of its own costs the collector more
 * than the elements of a small array do. Those 32 KiB stay as long as one of them is in use.
 */
export function allocateShared(code: number, n: number): TypedArray {
  const bytes = n * SIZES[code]!;
  if (bytes === 0 || bytes > LARGEST_SHARED_BYTES) return allocate(code, n);
  if (used + bytes > CHUNK_BYTES) {
    chunk = new ArrayBuffer(CHUNK_BYTES);
    used = 0;
  }
  const array = new ARRAYS[code]!(chunk, used, n);
  used += Math.ceil(bytes / LINE_BYTES) * LINE_BYTES;
  return array;
}
