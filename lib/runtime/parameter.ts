import { allocate, type DType, isFloat, nameOf, type TypedArray } from '../dtype.js';
import { GradsmithError } from '../errors.js';
import { type Shape, show } from '../shape.js';
import { type AnyTensor, extraOf, type Parameter, STORED, Tensor, tick } from '../tensor.js';
import { nativeStorage, replaceNative, writeNative } from './buffers.js';
import { overwrite } from './commit.js';
import { storeValue } from './run.js';

/**
 * A tensor that optimizers overwrite, starting from `init`, whose graph it forgets. Gradients of `backward()` are collected in `.grad`.
 * @throws ERR_DTYPE unless `init` is float32 or float64.
 * @example const w = parameter(zeros([2, 3])); w.shape // [2, 3]
 */
export function parameter<S extends Shape, D extends DType>(init: Tensor<S, D>): Parameter<S, D> {
  const p = mutable('parameter', init);
  if (!isFloat(p.type))
    throw new GradsmithError(
      'ERR_DTYPE',
      `parameter: expected float32 or float64, got ${nameOf(p.type)}; only floats have gradients`,
    );
  p.needsGrad = true;
  return p as unknown as Parameter<S, D>;
}

/** A tensor that is overwritten by updates but has no gradient: an optimizer's moments, the order of a dataset. */
export function state<S extends Shape, D extends DType>(init: Tensor<S, D>): Tensor<S, D> {
  return mutable('state', init) as unknown as Tensor<S, D>;
}

function mutable(op: string, init: unknown): AnyTensor {
  if (!(init instanceof Tensor))
    throw new GradsmithError(
      'ERR_VALUE',
      `${op}: expected a tensor to start from, got ${String(init)}; make one with tensor(…)`,
    );
  const t = init as AnyTensor;
  const p: AnyTensor = new Tensor(null, [], 0, t.extent, t.type, false);
  extraOf(p).mutable = true;
  if (t.kind === STORED && t.storage!.host !== null) {
    const storage = nativeStorage(t.type, t.extent);
    writeNative(storage, t.storage!.host);
    p.kind = STORED;
    p.storage = storage;
  } else {
    storeValue(p, t);
  }
  return p;
}

/**
 * Overwrites a parameter or state with these elements, now.
 * @throws ERR_SHAPE or ERR_DTYPE when they do not fit.
 */
export function assign(target: AnyTensor, value: AnyTensor | TypedArray): void {
  if (!target.mutable)
    throw new GradsmithError('ERR_VALUE', 'assign: the target is not a parameter or state; other tensors never change');
  if (value instanceof Tensor) {
    if (value.extent !== target.extent)
      throw new GradsmithError(
        'ERR_SHAPE',
        `assign: expected shape ${show(target.extent.dims)}, got ${show(value.extent.dims)}`,
      );
    if (value.type !== target.type)
      throw new GradsmithError('ERR_DTYPE', `assign: expected ${nameOf(target.type)}, got ${nameOf(value.type)}`);
    overwrite([{ target, value }]);
    return;
  }
  checkElements(target, value);
  writeNative(target.storage!, value);
  target.time = tick();
}

/** `assign` for a state that queued jobs only read: they keep what was there, and are not waited for. */
export function replace(target: AnyTensor, value: TypedArray): void {
  checkElements(target, value);
  replaceNative(target.storage!, target.type, value);
  target.time = tick();
}

function checkElements(target: AnyTensor, value: TypedArray): void {
  if (value.constructor !== allocate(target.type, 0).constructor) {
    throw new GradsmithError(
      'ERR_DTYPE',
      `assign: expected ${allocate(target.type, 0).constructor.name} for ${nameOf(target.type)}, got ${value.constructor.name}`,
    );
  }
  if (value.length !== target.extent.size)
    throw new GradsmithError(
      'ERR_SHAPE',
      `assign: expected ${target.extent.size} elements for ${show(target.extent.dims)}, got ${value.length}`,
    );
}
