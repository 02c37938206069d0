import { codeOf, type DType, FLOAT32, FLOAT64, INT32, nameOf } from '../dtype.js';
import { GradsmithError } from '../errors.js';
import { apply } from '../graph/op.js';
import { checkShape, intern, type Shape } from '../shape.js';
import { scalar, type Tensor } from '../tensor.js';
import type { NumericDType } from '../types/index.js';
import { isRepresentable, numberNode } from './build.js';
import { constant } from './fill.js';
import { Iota } from './iota.js';
import * as n from './nodes.js';

// Tensors made of nothing but a rule.

export interface CreateOptions<D extends DType> {
  /** Default 'float32'. */
  dtype?: D;
}

/**
 * Zeros.
 * @example await zeros([2]).data() // Float32Array [0, 0]
 */
export function zeros<const S extends Shape, D extends DType = 'float32'>(
  shape: readonly [...S],
  { dtype }: CreateOptions<D> = {},
): Tensor<S, NoInfer<D>> {
  return constant(0, codeOf(dtype ?? 'float32', 'zeros'), checkShape(shape, 'zeros')) as unknown as Tensor<S, D>;
}

/**
 * Ones.
 * @example await ones([2], { dtype: 'int32' }).data() // Int32Array [1, 1]
 */
export function ones<const S extends Shape, D extends DType = 'float32'>(
  shape: readonly [...S],
  { dtype }: CreateOptions<D> = {},
): Tensor<S, NoInfer<D>> {
  return constant(1, codeOf(dtype ?? 'float32', 'ones'), checkShape(shape, 'ones')) as unknown as Tensor<S, D>;
}

/**
 * Every element `value`, which may change from step to step without a new plan.
 * @throws ERR_DTYPE when the dtype has no such number.
 * @example await full([2], 7).data() // Float32Array [7, 7]
 */
export function full<const S extends Shape, D extends DType = 'float32'>(
  shape: readonly [...S],
  value: number,
  { dtype }: CreateOptions<D> = {},
): Tensor<S, NoInfer<D>> {
  const node = numberNode('full', value, codeOf(dtype ?? 'float32', 'full'));
  return n.broadcastTo(node, checkShape(shape, 'full')) as unknown as Tensor<S, D>;
}

export interface ArangeOptions<D extends NumericDType> extends CreateOptions<D> {
  /** Default 1. */
  step?: number;
}

/**
 * The numbers from `start` (default 0) up to, without, `stop`, `step` apart: `start + i · step`, computed in float64.
 * @throws ERR_VALUE for a step of 0, or numbers that the dtype does not have.
 * @example await arange(4).data() // Float32Array [0, 1, 2, 3]
 */
export function arange<N extends number, D extends NumericDType = 'float32'>(
  stop: N,
  options?: CreateOptions<D>,
): Tensor<[N], NoInfer<D>>;
export function arange<D extends NumericDType = 'float32'>(
  start: number,
  stop: number,
  options?: ArangeOptions<D>,
): Tensor<[number], NoInfer<D>>;
export function arange(
  first: number,
  second?: number | ArangeOptions<NumericDType>,
  third?: ArangeOptions<NumericDType>,
): unknown {
  const [start, stop] = typeof second === 'number' ? [first, second] : [0, first];
  const { dtype = 'float32', step = 1 } = (typeof second === 'number' ? third : second) ?? {};
  const type = codeOf(dtype, 'arange');
  if (![start, stop, step].every(Number.isFinite) || step === 0) {
    throw new GradsmithError(
      'ERR_VALUE',
      `arange: expected finite numbers and a step other than 0, got ${start}, ${stop} and ${step}`,
    );
  }
  const length = Math.max(0, Math.ceil((stop - start) / step));
  checkInteger(type, start);
  checkInteger(type, step);
  // Float64 scalars: an operand of the run is one, and float32 would round the step.
  return apply(Iota, [scalar(start, FLOAT64), scalar(step, FLOAT64)], intern([length]).id * 8 + type);
}

function checkInteger(type: number, value: number): void {
  if (type !== FLOAT32 && type !== FLOAT64 && !isRepresentable(value, type === INT32 ? INT32 : type)) {
    throw new GradsmithError('ERR_VALUE', `arange: ${value} is not a number of dtype ${nameOf(type)}`);
  }
}
