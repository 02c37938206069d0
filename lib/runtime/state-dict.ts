import { nameOf, type TypedArray } from '../dtype.js';
import { GradsmithError } from '../errors.js';
import { show } from '../shape.js';
import { Storage } from '../storage.js';
import { type AnyTensor, stored, Tensor } from '../tensor.js';
import { overwrite } from './commit.js';

/** Tensors by name: what a model or an optimizer is, apart from its code. */
export type StateDict = Record<string, AnyTensor>;

/** Copies of these tensors as they are now. */
export async function snapshot(entries: readonly (readonly [string, AnyTensor])[]): Promise<StateDict> {
  return copies(entries, (await Promise.all(entries.map(([, t]) => t.data()))) as TypedArray[]);
}

/** `snapshot()` that blocks the event loop. */
export function snapshotSync(entries: readonly (readonly [string, AnyTensor])[]): StateDict {
  return copies(entries, entries.map(([, t]) => t.dataSync()) as TypedArray[]);
}

function copies(entries: readonly (readonly [string, AnyTensor])[], data: readonly TypedArray[]): StateDict {
  const copy = (t: AnyTensor, i: number): AnyTensor => stored(new Storage(data[i]!, -1), t.shape, t.type);
  return Object.fromEntries(entries.map(([name, t], i) => [name, copy(t, i)]));
}

/**
 * Overwrites these tensors by those of the same names, all or nothing. Unless `strict`, names that only one side has are left alone.
 * @throws ERR_VALUE for missing or unknown names, ERR_SHAPE and ERR_DTYPE where a tensor does not fit.
 */
export function assignState(
  op: string,
  entries: readonly (readonly [string, AnyTensor])[],
  dict: Readonly<StateDict>,
  strict = true,
): void {
  const known = new Set(entries.map(([name]) => name));
  if (strict) {
    const missing = entries.map(([name]) => name).filter((name) => !(name in dict));
    if (missing.length > 0)
      throw new GradsmithError('ERR_VALUE', `${op}: missing ${missing.join(', ')} (strict: false ignores it)`);
    const unknown = Object.keys(dict).filter((name) => !known.has(name));
    if (unknown.length > 0)
      throw new GradsmithError('ERR_VALUE', `${op}: unknown ${unknown.join(', ')} (strict: false ignores it)`);
  }
  const pairs = entries.filter(([name]) => name in dict).map(([name, target]) => [name, target, dict[name]!] as const);
  for (const [name, target, value] of pairs) check(op, name, target, value);
  // A tensor that has two names gets the value of the last.
  const values = new Map(pairs.map(([, target, value]) => [target, value]));
  if (values.size > 0) overwrite(Array.from(values, ([target, value]) => ({ target, value })));
}

function check(op: string, name: string, target: AnyTensor, value: AnyTensor): void {
  if (!(value instanceof Tensor)) throw new GradsmithError('ERR_VALUE', `${op}: ${name} is not a tensor`);
  if (value.extent !== target.extent) {
    throw new GradsmithError('ERR_SHAPE', `${op}: ${name} has shape ${show(target.shape)}, got ${show(value.shape)}`);
  }
  if (value.type !== target.type) {
    throw new GradsmithError('ERR_DTYPE', `${op}: ${name} is ${nameOf(target.type)}, got ${nameOf(value.type)}`);
  }
}
