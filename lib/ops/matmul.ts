import type { DType, FloatDType } from '../dtype.js';
import { GradsmithError } from '../errors.js';
import { apply, checkOperand, op } from '../graph/op.js';
import { type MatmulPrecision, precisionOf } from '../graph/precision.js';
import { broadcastView } from '../graph/view.js';
import { broadcast, type Extent, intern, type Shape, show } from '../shape.js';
import type { AnyTensor, Tensor } from '../tensor.js';
import type { MatmulOperand, MatmulShape, Resolved } from '../types/index.js';
import { float, sameType } from './build.js';
import * as n from './nodes.js';

/** Of tensors of rank 2 or more; `matmul` brings others there. The attribute is the precision's code (graph/precision.ts). */
export const Matmul = op({
  name: 'matmul',
  shape: ([a, b]) => productExtent(a!.extent, b!.extent),
  dtype: (inputs) => sameType('matmul', inputs, float),
  gradient: ([a, b], _y, dy, precision) => [
    a!.needsGrad ? n.matmul(dy, n.transposeLast(b!), precision) : null,
    b!.needsGrad ? n.matmul(n.transposeLast(a!), dy, precision) : null,
  ],
  equals: ([a, b]) => {
    // [.., M, K, 1] · [.., 1, K, N], summed over K.
    const [x, y] = [a!.extent.dims, b!.extent.dims];
    const terms = n.mul(n.reshape(a!, intern([...x, 1])), n.reshape(b!, intern(y.toSpliced(y.length - 2, 0, 1))));
    return n.reshape(n.sumKept(terms, 1 << (terms.rank - 2)), productExtent(a!.extent, b!.extent));
  },
  instruction: {
    name: 'matmul',
    attributes: ({ attr }) => [attr],
    operands: ({ dims, inputDims }, [a, b]) => {
      const batch = dims.slice(0, -2);
      return [
        broadcastView(a!, [...batch, ...inputDims[0]!.slice(-2)]),
        broadcastView(b!, [...batch, ...inputDims[1]!.slice(-2)]),
      ];
    },
  },
  samples: {
    shapes: [
      [
        [3, 4],
        [4, 5],
      ],
      [
        [2, 3, 4],
        [2, 4, 2],
      ],
      [
        [2, 1, 3, 4],
        [3, 4, 2],
      ],
    ],
    relative: 2 ** -23,
  },
});

export interface MatmulOptions {
  /** How the product is computed, and its gradients. Default: what `setMatmulPrecision()` says, which is `'float32'` at first. */
  precision?: MatmulPrecision;
}

/**
 * Matrix product, as NumPy's: of the last two dimensions, the leading ones broadcast. A vector is a row on the left, a column on the
 * right, and vanishes from the result.
 *
 * With the precision `'bfloat16'` (float32 tensors only), each operand is rounded to the nearest bfloat16 before it is multiplied; the sums
 * over k terms are float32 and err by at most (k + 2) · 2^-23 of the sum of the terms' magnitudes. It is up to twice as fast where the CPU
 * multiplies pairs of bfloat16 (AVX512_BF16), whose last bits differ from those of other CPUs, and no faster elsewhere, but for a few rows
 * times a weight that stays the same and lies as `Linear` has it: that is rounded once, and then read in half the bytes.
 * @throws ERR_SHAPE `matmul: inner dimensions differ: [64, 1000] x [100, 10] (1000 and 100)`; ERR_VALUE for a precision that there is not;
 * ERR_DTYPE where `'bfloat16'` is asked of float64 tensors.
 * @example await matmul(tensor([[1, 2], [3, 4]]), tensor([[1, 0], [0, 2]])).array() // [[1, 4], [3, 8]]
 * @example await matmul(tensor([[1 + 2 ** -9]]), tensor([[1]]), { precision: 'bfloat16' }).array() // [[1]]
 */
export function matmul<A extends Shape, D extends FloatDType, B extends Shape, E extends DType>(
  a: Tensor<A, D>,
  b: MatmulOperand<MatmulShape<A, B>, B, D, E>,
  { precision }: MatmulOptions = {},
): Tensor<Resolved<MatmulShape<A, B>>, D> {
  checkOperand('matmul', a, 0);
  checkOperand('matmul', b, 1);
  const result = product(a, b as AnyTensor, precisionOf(precision, a.type));
  return result as unknown as Tensor<Resolved<MatmulShape<A, B>>, D>;
}

function product(a: AnyTensor, b: AnyTensor, precision: number): AnyTensor {
  const [x, y] = [a.extent, b.extent];
  if (x.rank === 2 && y.rank === 2) return apply(Matmul, [a, b], precision);
  checkInner(x, y);
  if (x.rank === 1) return dropped(product(n.reshape(a, intern([1, x.size])), b, precision), -2);
  if (y.rank === 1) return dropped(product(a, n.reshape(b, intern([y.size, 1])), precision), -1);
  if (y.rank === 2) {
    // One matrix for the whole batch: a single product of all rows, so that its gradient is not made once per batch entry.
    const rows = x.dims.slice(0, -1);
    const flat = n.reshape(a, intern([rows.reduce((p, d) => p * d, 1), x.dims.at(-1)!]));
    return n.reshape(apply(Matmul, [flat, b], precision), intern([...rows, y.dims[1]!]));
  }
  return apply(Matmul, [a, b], precision);
}

function dropped(x: AnyTensor, axis: number): AnyTensor {
  return n.reshape(x, intern(x.extent.dims.toSpliced(axis, 1)));
}

function productExtent(a: Extent, b: Extent): Extent {
  return a.products.of(b.id) ?? a.products.add(b.id, newProductExtent(a, b));
}

function newProductExtent(a: Extent, b: Extent): Extent {
  checkInner(a, b);
  const [m, n] = [a.dims[a.rank - 2]!, b.dims[b.rank - 1]!];
  return intern(a.rank === 2 && b.rank === 2 ? [m, n] : [...batchOf(a, b).dims, m, n]);
}

function batchOf(a: Extent, b: Extent): Extent {
  const [x, y] = [intern(a.dims.slice(0, -2)), intern(b.dims.slice(0, -2))];
  try {
    return broadcast('matmul', x, y);
  } catch (cause) {
    const shapes = `${show(a.dims)} x ${show(b.dims)}`;
    throw new GradsmithError('ERR_SHAPE', `matmul: batch dimensions do not broadcast: ${shapes}`, { cause });
  }
}

function checkInner(a: Extent, b: Extent): void {
  if (a.rank === 0 || b.rank === 0) {
    const shapes = `${show(a.dims)} x ${show(b.dims)}`;
    throw new GradsmithError('ERR_SHAPE', `matmul: operands must have at least 1 dimension: ${shapes}`);
  }
  const [k, l] = [a.dims[a.rank - 1]!, b.dims[Math.max(b.rank - 2, 0)]!];
  if (k !== l) {
    const shapes = `${show(a.dims)} x ${show(b.dims)} (${k} and ${l})`;
    throw new GradsmithError('ERR_SHAPE', `matmul: inner dimensions differ: ${shapes}`);
  }
}
