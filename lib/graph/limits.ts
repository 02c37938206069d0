/** Limits of the native side that plans are made to fit. The addon's are compared with these when it is loaded. */
export const LIMITS = {
  /** Micro-ops, inputs and outputs of one elementwise group. */
  groupOps: 64,
  groupInputs: 24,
  groupOutputs: 8,
  /** Steps of one row group, its inputs and what its steps make, and elements of a row. */
  rowSteps: 32,
  rowValues: 96,
  rowColumns: 16384,
} as const;
