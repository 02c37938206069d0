import type { TypedArray } from './dtype.js';

/** A job that failed, and what it should have written: it is reported by the first use of one of them. */
export interface Failure {
  readonly error: Error;
  readonly storages: readonly Storage[];
}

/**
 * The memory of a stored tensor: a JavaScript array (results, data given by the user), a native buffer (parameters, state), or both
 * (data that has been used more than once and was copied to a buffer).
 */
export class Storage {
  /** Elements in JavaScript memory; nobody but gradsmith holds this array. */
  host: TypedArray | null;
  /** Native buffer, or -1. */
  handle: number;
  /** How often a plan has read it; the second time it moves to a native buffer. */
  uses: number;
  /** A failed job that should have written it, reported by the next use. */
  failure: Failure | null;
  /** That job was to write the first elements: there are none, and every use fails. */
  empty: boolean;

  constructor(host: TypedArray | null, handle: number) {
    this.host = host;
    this.handle = handle;
    this.uses = 0;
    this.failure = null;
    this.empty = false;
  }
}
