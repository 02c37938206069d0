/** What went wrong, for programs: stable across versions, unlike the message. */
export type ErrorCode =
  | 'ERR_SHAPE' // shapes do not fit the op
  | 'ERR_DTYPE' // element types do not fit, or would have to be promoted silently
  | 'ERR_VALUE' // an argument is outside its domain
  | 'ERR_INDEX' // an index in the data is out of range
  | 'ERR_STALE' // built from a parameter's old value, read after its update
  | 'ERR_GRADIENT' // no gradient can be computed as asked
  | 'ERR_ABORTED' // stopped by an AbortSignal
  | 'ERR_NATIVE'; // the native addon is missing, does not match or refused a plan

/**
 * Every error that gradsmith throws on purpose. The message reads `op: what was expected, what came (and the remedy)`.
 * @example new GradsmithError('ERR_SHAPE', 'add: shapes do not broadcast: [2] and [3]').code // 'ERR_SHAPE'
 */
export class GradsmithError extends Error {
  readonly code: ErrorCode;

  constructor(code: ErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'GradsmithError';
    this.code = code;
  }
}
