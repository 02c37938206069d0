import { allocate, sizeOf, type TypedArray } from '../dtype.js';
import { format } from '../format.js';
import { Copy } from '../graph/copy.js';
import { apply, type Op, observeNodes } from '../graph/op.js';
import { type AnyTensor, COMPUTED, provideReader, STORED, VALUE } from '../tensor.js';
import { storageOf, takeFailure } from './bind.js';
import { readNative } from './buffers.js';
import { evaluate, evaluateSync } from './evaluate.js';
import { drain, jobCount } from './jobs.js';
import { refuseWhileRecording } from './recording.js';

/** A native buffer of at most this size is read by the calling thread, if nothing is queued before it. */
const READ_HERE_BYTES = 1 << 16;

async function data(t: AnyTensor): Promise<TypedArray> {
  refuseWhileRecording('reads a tensor');
  if (t.kind === COMPUTED || t.pending !== null) await evaluate(t);
  if (
    t.kind === STORED &&
    t.storage!.handle >= 0 &&
    (jobCount() > 0 || t.extent.size * sizeOf(t.type) > READ_HERE_BYTES)
  ) {
    // Behind what is queued, and without blocking.
    const snapshot = apply(Copy, [t]);
    await evaluate(snapshot);
    return snapshot.kind === VALUE ? elements(snapshot) : snapshot.storage!.host!;
  }
  return elements(t);
}

function dataSync(t: AnyTensor): TypedArray {
  refuseWhileRecording('reads a tensor');
  if (t.kind === COMPUTED || t.pending !== null) evaluateSync(t);
  else if (t.mutable) drain(); // a queued step may fail yet
  return elements(t);
}

/** A copy of elements that are there. */
function elements(t: AnyTensor): TypedArray {
  if (t.kind === VALUE) return allocate(t.type, 1).fill(t.value);
  const storage = storageOf(t);
  if (storage.failure !== null) throw takeFailure(storage);
  return storage.host !== null ? storage.host.slice() : readNative(storage, allocate(t.type, t.extent.size));
}

function inspect(t: AnyTensor): string {
  try {
    return format(dataSync(t), t.extent.dims, t.dtype);
  } catch (error) {
    return `${t.toString()} <${(error as Error).message}>`;
  }
}

provideReader({ data, dataSync, inspect });

/**
 * Debug mode: evaluates each tensor as it is built, through the same plans, so that an error or a NaN appears on its line. Also switched
 * on by GRADSMITH_EAGER=1.
 */
export function setEager(on: boolean): void {
  observeNodes(on ? evaluateNode : null);
}

/** A view computes nothing: it stays a way to see its input, so that an op reads the same memory by the same strides in either mode. */
function evaluateNode(t: AnyTensor): void {
  if ((t.op as Op).view === undefined) evaluateSync(t);
}
if (process.env.GRADSMITH_EAGER === '1') setEager(true);
