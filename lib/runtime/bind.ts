import { allocateShared, type TypedArray } from '../dtype.js';
import { GradsmithError } from '../errors.js';
import type { Plan } from '../graph/plan.js';
import { walk } from '../graph/walk.js';
import { Storage } from '../storage.js';
import { type AnyTensor, detach, STORED, setValue } from '../tensor.js';
import { moveToNative } from './buffers.js';
import { native } from './native.js';

// What a run reads by pointer: one array of handles, one of scalars, and one that gets the values back. They persist, because passing
// an array costs more than the rest of a small call.

let handles = new Int32Array(1024);
let scalars = new Float64Array(1024);
let values = new Float64Array(256);
native.bindShared(handles, scalars, values);

function reserve(buffers: number, scalarCount: number, valueCount: number): void {
  if (buffers <= handles.length && scalarCount <= scalars.length && valueCount <= values.length) return;
  handles = new Int32Array(Math.max(buffers, handles.length) * 2);
  scalars = new Float64Array(Math.max(scalarCount, scalars.length) * 2);
  values = new Float64Array(Math.max(valueCount, values.length) * 2);
  native.bindShared(handles, scalars, values);
}

/** Arrays of the run that is being bound: inputs that live in JavaScript, then outputs. */
export type BoundArrays = TypedArray[] | null;

const NOTHING = new Uint8Array(0);
/** By their lengths: arrays for runs that are over when the call that made them is, one after the other. */
const reused: TypedArray[][] = [];

function reusedArrays(length: number): TypedArray[] {
  for (let n = reused.length; n <= length; n++) reused.push(new Array(n).fill(NOTHING));
  return reused[length]!;
}

/** A run whose arrays were to be reused is over: they keep nothing alive. */
export function releaseArrays(arrays: BoundArrays): void {
  if (arrays !== null) for (let i = 0; i < arrays.length; i++) arrays[i] = NOTHING;
}

/** Binds the leaves and scalars that the last walk found, and fresh arrays for the outputs. */
export function bind(plan: Plan): BoundArrays {
  const arrays = bindBuffers(plan, walk.leaves);
  for (let i = 0; i < plan.scalarCount; i++) scalars[i] = walk.scalars[i]!.value;
  return arrays;
}

/**
 * Binds these leaves, and fresh arrays for the outputs. The scalars are the caller's to set. With `reuse`, the caller runs the plan at once
 * and then calls `releaseArrays`.
 */
export function bindBuffers(plan: Plan, leaves: readonly AnyTensor[], reuse = false): BoundArrays {
  reserve(plan.leafCount + plan.outputBuffers.length, plan.scalarCount, plan.valueCount);
  const arrays = bindLeaves(leaves, plan.leafCount, plan.outputBuffers.length, reuse);
  for (let i = 0; i < plan.outputBuffers.length; i++) {
    const spec = plan.outputBuffers[i]!;
    const at = arrays!.length - plan.outputBuffers.length + i;
    arrays![at] = allocateShared(spec.type, spec.elements);
    handles[plan.leafCount + i] = -1 - at;
  }
  return arrays;
}

/** Sets a scalar of the run that is being bound. */
export function setScalar(i: number, value: number): void {
  scalars[i] = value;
}

/** Binds only these leaves: scalars come in rows, and there are no output arrays, but room for `outputs` of them behind the others. */
export function bindLeaves(leaves: readonly AnyTensor[], count: number, outputs = 0, reuse = false): BoundArrays {
  reserve(count, 0, 0);
  for (let i = 0; i < count; i++) {
    const leaf = leaves[i]!;
    const storage = storageOf(leaf);
    if (storage.failure !== null) throw takeFailure(storage);
    if (storage.handle < 0 && ++storage.uses > 1) moveToNative(storage, leaf.type);
  }
  let size = outputs; // counted when all have moved: two leaves may share a storage
  for (let i = 0; i < count; i++) if (leaves[i]!.storage!.handle < 0) size++;
  let arrays: BoundArrays = null;
  if (size > 0) arrays = reuse ? reusedArrays(size) : new Array(size); // of this length: one that grows takes room for seventeen
  let at = 0;
  for (let i = 0; i < count; i++) {
    const { handle, host } = leaves[i]!.storage!;
    handles[i] = handle >= 0 ? handle : -1 - at;
    if (handle < 0) arrays![at++] = host!;
  }
  return arrays;
}

/** Where the elements of a leaf are. */
export function storageOf(t: AnyTensor): Storage {
  if (t.storage !== null) return t.storage;
  throw new GradsmithError(
    'ERR_VALUE',
    'compile: an argument of a compiled function has no elements outside of its calls; do not keep it or what is computed from it',
  );
}

/** The failure to report, once: what the job should have overwritten was left as it was. */
export function takeFailure(storage: Storage): Error {
  const failure = storage.failure!;
  for (const s of failure.storages) if (s.failure === failure && !s.empty) s.failure = null;
  return failure.error;
}

/** A job that should have overwritten these has failed. */
export function failTargets(targets: readonly AnyTensor[], error: Error): void {
  const failure = { error, storages: targets.map((t) => t.storage!) };
  for (const s of failure.storages) s.failure = failure;
}

/** Gives the outputs of a finished run their elements. `forget` drops the graph behind them even if gradients could still use it. */
export function settle(plan: Plan, outputs: readonly AnyTensor[], arrays: BoundArrays, forget: boolean): void {
  const firstArray = arrays === null ? 0 : arrays.length - plan.outputBuffers.length;
  for (let i = 0; i < outputs.length; i++) {
    const t = outputs[i]!;
    const spec = plan.outputs[i]!;
    if (spec.value >= 0) {
      setValue(t, values[spec.value]!);
    } else {
      t.kind = STORED;
      t.storage = new Storage(arrays![firstArray + spec.buffer]!, -1);
    }
    t.pending = null;
    if (forget || !t.needsGrad) detach(t);
  }
}
