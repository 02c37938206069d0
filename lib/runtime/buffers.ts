import { sizeOf, type TypedArray } from '../dtype.js';
import { GradsmithError } from '../errors.js';
import type { Extent } from '../shape.js';
import { Storage } from '../storage.js';
import { native } from './native.js';

// Native memory, owned by Storage objects: when the collector finds one gone, its buffer is given back.

const released = new FinalizationRegistry<number>((handle) => native.releaseBuffer(handle));

/** A zero-filled native buffer; an empty tensor gets a byte, so that it has a handle. */
function createBuffer(type: number, elements: number, rows = 1): number {
  try {
    return native.createBuffer(Math.max(elements * sizeOf(type), 1), rows);
  } catch (cause) {
    throw new GradsmithError('ERR_NATIVE', (cause as Error).message, { cause });
  }
}

/** Storage in a zero-filled native buffer. */
export function nativeStorage(type: number, { size, rank, dims }: Extent): Storage {
  const handle = createBuffer(type, size, rank === 2 && size > 0 ? dims[0] : 1);
  const storage = new Storage(null, handle);
  released.register(storage, handle, storage);
  return storage;
}

/**
 * Bytes that were moved to native buffers since the event loop last had a turn. Buffers are given back in a turn only, so a loop that
 * never yields must not move ever more of them.
 */
let movedBytes = 0;
const MOVED_LIMIT = 256 << 20;
let turnPlanned = false;

/** Moves data that is used again to a native buffer, where a plan finds it without a look at a JavaScript array. */
export function moveToNative(storage: Storage, type: number): void {
  const host = storage.host!;
  if (movedBytes + host.byteLength > MOVED_LIMIT) return;
  movedBytes += host.byteLength;
  if (!turnPlanned) {
    turnPlanned = true;
    setImmediate(() => {
      movedBytes = 0;
      turnPlanned = false;
    }).unref();
  }
  const handle = createBuffer(type, host.length);
  native.writeBuffer(handle, host);
  storage.handle = handle;
  storage.host = null;
  released.register(storage, handle, storage);
}

/** The elements of a native buffer; waits for queued jobs that may write it. */
export function readNative(storage: Storage, into: TypedArray): TypedArray {
  if (into.length > 0) native.readBuffer(storage.handle, into);
  return into;
}

/** Overwrites a native buffer; waits for queued jobs that may use it. */
export function writeNative(storage: Storage, from: TypedArray): void {
  if (from.length > 0) native.writeBuffer(storage.handle, from);
}

/** Gives these elements to storage that queued jobs only read. They keep what was there, and are not waited for. */
export function replaceNative(storage: Storage, type: number, from: TypedArray): void {
  const handle = createBuffer(type, from.length);
  if (from.length > 0) native.writeBuffer(handle, from);
  released.unregister(storage);
  native.releaseBuffer(storage.handle);
  storage.handle = handle;
  released.register(storage, handle, storage);
}
