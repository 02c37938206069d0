import { FLOAT32, nameOf } from '../dtype.js';
import { GradsmithError } from '../errors.js';

/**
 * How products of float32 matrices are computed. `'float32'`: as they are. `'bfloat16'`: each operand is rounded to the nearest bfloat16 (8
 * bits of mantissa; the range of float32) on its way into the product, and sums are kept in float32. Tensors stay float32 in either case.
 */
export type MatmulPrecision = 'float32' | 'bfloat16';

/** By the code that nodes and instructions carry. */
const PRECISIONS: readonly MatmulPrecision[] = ['float32', 'bfloat16'];

let standard = 0;

/** The code of the precision that products have which do not name one. */
export function standardPrecision(): number {
  return standard;
}

export function precisionName(code: number): MatmulPrecision {
  return PRECISIONS[code]!;
}

/** The code for a product of operands of this dtype. Throws ERR_VALUE for a precision that there is not, ERR_DTYPE where it takes none. */
export function precisionOf(precision: MatmulPrecision | undefined, type: number): number {
  if (precision === undefined) return type === FLOAT32 ? standard : 0;
  const code = codeOf('matmul', precision);
  if (code !== 0 && type !== FLOAT32) {
    throw new GradsmithError(
      'ERR_DTYPE',
      `matmul: precision ${precision} takes float32 operands, got ${nameOf(type)} (cast them, or leave the precision out)`,
    );
  }
  return code;
}

function codeOf(name: string, precision: unknown): number {
  const code = PRECISIONS.indexOf(precision as MatmulPrecision);
  if (code >= 0) return code;
  throw new GradsmithError(
    'ERR_VALUE',
    `${name}: expected a precision of 'float32' or 'bfloat16', got ${typeof precision === 'string' ? `'${precision}'` : String(precision)}`,
  );
}

/**
 * The precision of every product of float32 matrices that is built from now on, in this thread, unless it names its own. Default:
 * `'float32'`. A gradient has the precision of the product that it comes from. A compiled function is traced anew when this has changed.
 * Products of float64 matrices are always float64.
 * @throws ERR_VALUE unless the precision is `'float32'` or `'bfloat16'`.
 * @example
 * setMatmulPrecision('bfloat16');
 * const y = matmul(tensor([[1 + 2 ** -9]]), tensor([[1]]));
 * setMatmulPrecision('float32');
 * await y.array() // [[1]]
 */
export function setMatmulPrecision(precision: MatmulPrecision): void {
  standard = codeOf('setMatmulPrecision', precision);
}

/**
 * Calls `f` with this precision as the default, and returns what it returns. The default is back when `f` is: what an async function builds
 * after its first `await` has the default of then.
 * @throws ERR_VALUE unless the precision is `'float32'` or `'bfloat16'`.
 * @example
 * const x = tensor([[1 + 2 ** -9]]);
 * const y = withMatmulPrecision('bfloat16', () => matmul(x, tensor([[1]])));
 * await y.array() // [[1]]
 */
export function withMatmulPrecision<R>(precision: MatmulPrecision, f: () => R): R {
  const before = standard;
  standard = codeOf('withMatmulPrecision', precision);
  try {
    return f();
  } finally {
    standard = before;
  }
}
