/** Limits of the native side that plans are made to fit. The addon's are compared with these when it is loaded. */
export const LIMITS = {
  /** Micro-ops, inputs and outputs of one elementwise group. */
  groupOps: 64,
  groupInputs: 24,
  groupOutputs: 8,
} as const;
