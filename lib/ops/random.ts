import { codeOf, type DType, FLOAT64, type FloatDType } from '../dtype.js';
import { GradsmithError } from '../errors.js';
import { apply, checkOperand, op } from '../graph/op.js';
import { currentSeed, type Draw, takeDraw } from '../random.js';
import { checkShape, type Extent, extentOf, intern, type Shape } from '../shape.js';
import { type AnyTensor, drawScalar, extraOf, scalar, stepScalar, type Tensor } from '../tensor.js';
import { isRepresentable, numberNode } from './build.js';
import * as n from './nodes.js';

// The kinds of the `random` instruction.
const UNIFORM = 0;
const NORMAL = 1;
const INTEGER = 2;

/**
 * Inputs, numbers of the run: seed, number of the draw; for integers also low and high. So a step that draws again keeps its plan.
 * The attribute holds the shape's id, the dtype and the kind.
 */
export const Random = op({
  name: 'random',
  shape: (_inputs, attr) => extentOf(attr >> 5),
  dtype: (_inputs, attr) => (attr >> 2) & 7,
  instruction: {
    name: 'random',
    attributes: ({ attr }) => [attr & 3],
    scalars: [0, 1, 2, 3],
  },
  random: true,
});

/** The seed of `manualSeed`, asked for again at each stretch of steps of a program and at each call of a compiled function. */
const seedScalar = (): AnyTensor => stepScalar(currentSeed, FLOAT64);

function draw(
  name: string,
  kind: number,
  extent: Extent,
  type: number,
  seed: number | undefined,
  bounds: number[],
): AnyTensor {
  const { seed: key, number } = takeDraw(name, seed);
  // A seed of one's own means the same numbers each time, so its draw does not advance from step to step.
  const own = seed !== undefined;
  const [k, place] = own ? [scalar(key, FLOAT64), scalar(number, FLOAT64)] : [seedScalar(), drawScalar(number)];
  const range = bounds.map((value) => scalar(value, FLOAT64));
  return apply(Random, [k, place, ...range], extent.id * 32 + type * 4 + kind);
}

/** Someone holds this draw and may read it more than once: it is computed once, then stored. */
function held<R>(t: AnyTensor): R {
  extraOf(t).source = true;
  return t as R;
}

/** Float64 numbers, uniform in [0, 1), of the draw with this seed and number. */
export function uniformDraw(count: number, { seed, number }: Draw): AnyTensor {
  return apply(
    Random,
    [scalar(seed, FLOAT64), scalar(number, FLOAT64)],
    intern([count]).id * 32 + FLOAT64 * 4 + UNIFORM,
  );
}

export interface RandomOptions<D extends DType> {
  /** Default 'float32'. */
  dtype?: D;
  /** A generator of its own: the same seed gives the same numbers. Default: the next draw of the generator of `manualSeed`. */
  seed?: number;
}

/**
 * Uniform in [0, 1), counter-based (Philox 4x32-10): the same seed gives the same bits on every machine and for any number of threads.
 * @example rand([2, 3]).shape // [2, 3]
 */
export function rand<const S extends Shape, D extends FloatDType = 'float32'>(
  shape: readonly [...S],
  { dtype, seed }: RandomOptions<D> = {},
): Tensor<S, NoInfer<D>> {
  return held(draw('rand', UNIFORM, checkShape(shape, 'rand'), codeOf(dtype ?? 'float32', 'rand'), seed, []));
}

/**
 * Standard normal (mean 0, standard deviation 1), by Box and Muller's method from the generator of `rand`.
 * @example randn([2, 3]).shape // [2, 3]
 */
export function randn<const S extends Shape, D extends FloatDType = 'float32'>(
  shape: readonly [...S],
  { dtype, seed }: RandomOptions<D> = {},
): Tensor<S, NoInfer<D>> {
  return held(draw('randn', NORMAL, checkShape(shape, 'randn'), codeOf(dtype ?? 'float32', 'randn'), seed, []));
}

export interface RandintOptions<D extends DType> {
  /** The smallest number. Default 0. */
  low?: number;
  /** One more than the largest. */
  high: number;
  /** Default 'int32'. */
  dtype?: D;
  seed?: number;
}

/**
 * Integers, uniform in [low, high).
 * @throws ERR_VALUE unless low < high and the dtype has both low and high - 1.
 * @example randint([2, 3], { high: 10 }).dtype // 'int32'
 */
export function randint<const S extends Shape, D extends 'int32' | 'uint8' = 'int32'>(
  shape: readonly [...S],
  { low = 0, high, dtype, seed }: RandintOptions<D>,
): Tensor<S, NoInfer<D>> {
  const type = codeOf(dtype ?? 'int32', 'randint');
  if (!(low < high) || !isRepresentable(low, type) || !isRepresentable(high - 1, type)) {
    throw new GradsmithError(
      'ERR_VALUE',
      `randint: expected integers low < high within ${dtype ?? 'int32'}, got ${low} and ${high}`,
    );
  }
  return held(draw('randint', INTEGER, checkShape(shape, 'randint'), type, seed, [low, high]));
}

export interface DropoutOptions {
  /** Probability of a zero, in [0, 1). Default 0.5. */
  p?: number;
  seed?: number;
}

/**
 * Sets each element to 0 with probability `p` and scales the others by 1 / (1 - p), so that the expectation stays.
 * @throws ERR_VALUE for a probability outside [0, 1).
 * @example await dropout(tensor([1, 2]), { p: 0 }).data() // Float32Array [1, 2]
 */
export function dropout<S extends Shape, D extends FloatDType>(
  x: Tensor<S, D>,
  { p = 0.5, seed }: DropoutOptions = {},
): Tensor<S, D> {
  if (!(p >= 0 && p < 1))
    throw new GradsmithError('ERR_VALUE', `dropout: expected a probability in [0, 1), got ${String(p)}`);
  checkOperand('dropout', x);
  if (p === 0) return x;
  const chance = draw('dropout', UNIFORM, x.extent, x.type, seed, []);
  const kept = n.greaterEqual(chance, numberNode('dropout', p, x.type));
  const scaled = n.mul(x, numberNode('dropout', 1 / (1 - p), x.type));
  return n.where(kept, scaled, 0) as unknown as Tensor<S, D>;
}
