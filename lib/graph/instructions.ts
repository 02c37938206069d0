// The native side's tables as TypeScript knows them; `runtime/native.ts` compares them with the addon's when it is loaded.

/** Instructions in the order of their opcodes, which start at 1 (native/plan/instructions.cc). */
export const INSTRUCTIONS = [
  'elementwise',
  'matmul',
  'reduce',
  'argReduce',
  'softmax',
  'crossEntropy',
  'crossEntropyGrad',
  'gather',
  'scatterAdd',
  'dynamicSlice',
  'random',
  'iota',
  'matmulGroup',
  'rowGroup',
] as const;

/** Micro-ops of an elementwise group, by code (native/kernels/elementwise.h). */
export const MICRO_OPS = [
  'constant',
  'cast',
  'copy',
  'neg',
  'abs',
  'sign',
  'exp',
  'log',
  'sqrt',
  'square',
  'reciprocal',
  'sigmoid',
  'tanh',
  'relu',
  'erf',
  'sin',
  'cos',
  'gelu',
  'geluSlope',
  'add',
  'sub',
  'mul',
  'div',
  'maximum',
  'minimum',
  'equal',
  'notEqual',
  'less',
  'lessEqual',
  'greater',
  'greaterEqual',
  'logicalAnd',
  'logicalOr',
  'logicalNot',
  'select',
] as const;

const opcodes = new Map<string, number>(INSTRUCTIONS.map((name, i) => [name, i + 1]));
const microCodes = new Map<string, number>(MICRO_OPS.map((name, i) => [name, i]));

export function opcodeOf(instruction: string): number {
  const code = opcodes.get(instruction);
  if (code === undefined) throw new Error(`unknown instruction ${instruction}`);
  return code;
}

export function microCodeOf(name: string): number {
  const code = microCodes.get(name);
  if (code === undefined) throw new Error(`unknown micro-op ${name}`);
  return code;
}

/** Constants of the plan format (docs/architecture.md). */
export const MAGIC = 0x47534d31;
export const FORMAT_VERSION = 5;
export const BUFFER_INPUT = 0;
export const BUFFER_STATE = 1;
export const BUFFER_OUTPUT = 2;
export const OPERAND_ARENA = -1;
export const OPERAND_SCALARS = -2;

/** What a step of a row group does (native/plan/row_program.h): a group over the space, or over a number a row; reductions of rows; sums of columns. */
export const GROUP = 0;
export const NUMBERS = 1;
export const REDUCE = 2;
export const SOFTMAX = 3;
export const COLUMNS = 4;

/** Kinds of `reduce` (native/kernels/rows.h). */
export const SUM = 0;
export const MEAN = 1;
