import { DTYPES, type DType } from '../dtype.js';
import { GROUP, INSTRUCTIONS, MICRO_OPS, NUMBERS } from './instructions.js';
import { type MatmulPrecision, precisionName } from './precision.js';

// A plan's words as plain objects again, for whoever wants to know what a plan does: what it moves, and `explain()`.

export interface DecodedOperand {
  /** Index in the plan's table of buffers, then in that of windows; OPERAND_ARENA or OPERAND_SCALARS. */
  readonly buffer: number;
  readonly dtype: DType;
  /** Elements. */
  readonly offset: number;
  readonly dims: readonly number[];
  readonly strides: readonly number[];
}

/** A micro-op of a group. */
export interface DecodedMicroOp {
  readonly name: string;
  readonly dtype: DType;
}

/** The program of an elementwise group. */
export interface DecodedGroup {
  /** Registers that come from outside; in a group over a product or a reduction, the first is that. */
  readonly inputs: number;
  readonly ops: readonly DecodedMicroOp[];
  readonly outputRegisters: readonly number[];
}

/** A step of a row group. */
export interface DecodedRowStep {
  /** GROUP, NUMBERS, REDUCE, SOFTMAX or COLUMNS of `instructions.ts`. */
  readonly kind: number;
  readonly choice: number;
  readonly group: DecodedGroup | null;
}

export interface DecodedInstruction {
  readonly name: string;
  readonly attributes: readonly number[];
  readonly outputs: readonly DecodedOperand[];
  readonly inputs: readonly DecodedOperand[];
  readonly group: DecodedGroup | null;
  /** Of products: how they are computed. */
  readonly precision: MatmulPrecision | null;
  /** Steps of a row group, in order. */
  readonly steps: readonly DecodedRowStep[];
}

export interface DecodedPlan {
  readonly arenaBytes: number;
  /** 0 input, 1 state, 2 output */
  readonly buffers: readonly { readonly kind: number; readonly dtype: DType; readonly elements: number }[];
  /** Rows of inputs, from the row on that a scalar names. */
  readonly windows: readonly { readonly buffer: number; readonly scalar: number; readonly rows: number }[];
  /** Elements that are handed back at the end of each step. */
  readonly values: readonly { readonly buffer: number; readonly dtype: DType; readonly offset: number }[];
  readonly instructions: readonly DecodedInstruction[];
}

/** The words must be a plan of `encode()`'s. */
export function decodePlan(words: Int32Array): DecodedPlan {
  let at = 0;
  const next = (): number => words[at++]!;
  const wide = (): number => {
    const low = next() >>> 0;
    return low + next() * 2 ** 32;
  };
  const dtype = (): DType => DTYPES[next()]!;
  const list = (n: number): number[] => Array.from({ length: n }, next);

  at = 2;
  const [bufferCount, , valueCount] = [next(), next(), next()];
  const arenaBytes = wide();
  const [instructionCount, windowCount] = [next(), next()];
  const buffers = Array.from({ length: bufferCount }, () => ({ kind: next(), dtype: dtype(), elements: wide() }));
  const windows = Array.from({ length: windowCount }, () => {
    const [buffer, scalar, rows] = list(5) as [number, number, number];
    return { buffer, scalar, rows };
  });
  const values = Array.from({ length: valueCount }, () => ({ buffer: next(), dtype: dtype(), offset: wide() }));
  const operand = (): DecodedOperand => {
    const [buffer, type, offset, rank] = [next(), dtype(), wide(), next()];
    return { buffer, dtype: type, offset, dims: list(rank), strides: list(rank) };
  };
  const instructions = Array.from({ length: instructionCount }, (): DecodedInstruction => {
    const name = INSTRUCTIONS[next() - 1]!;
    at++; // its length
    const attributes = list(next());
    const operands = Array.from({ length: next() }, operand);
    const words = groupWords(name, attributes);
    const group = words === null ? null : decodeGroup(words);
    const steps = name === 'rowGroup' ? decodeSteps(attributes) : [];
    const written = name === 'rowGroup' ? attributes[1]! : (group?.outputRegisters.length ?? 1);
    const precision = name === 'matmul' || name === 'matmulGroup' ? precisionName(attributes.at(-1)!) : null;
    const [outputs, inputs] = [operands.slice(0, written), operands.slice(written)];
    return { name, attributes, outputs, inputs, group, precision, steps };
  });
  return { arenaBytes, buffers, windows, values, instructions };
}

/** Where an instruction's group begins among its attributes; null where it has none. */
function groupWords(name: string, attributes: readonly number[]): readonly number[] | null {
  if (name === 'elementwise' || name === 'matmulGroup') return attributes;
  return name === 'reduce' && attributes.length > 1 ? attributes.slice(1) : null;
}

function decodeSteps(attributes: readonly number[]): DecodedRowStep[] {
  const [, outputs, count] = attributes as [number, number, number];
  let at = 3 + outputs;
  return Array.from({ length: count }, () => {
    const kind = attributes[at]!;
    if (kind !== GROUP && kind !== NUMBERS) {
      at += 3;
      return { kind, choice: attributes[at - 2]!, group: null };
    }
    at += 2 + attributes[at + 1]!;
    const group = decodeGroup(attributes.slice(at));
    at += 3 + group.outputRegisters.length + 6 * group.ops.length;
    return { kind, choice: 0, group };
  });
}

function decodeGroup(attributes: readonly number[]): DecodedGroup {
  const [inputs, outputs, ops] = attributes as [number, number, number];
  const first = 3 + outputs;
  return {
    inputs,
    outputRegisters: attributes.slice(3, first),
    ops: Array.from({ length: ops }, (_, i) => {
      const [code, type] = attributes.slice(first + 6 * i) as [number, number];
      return { name: MICRO_OPS[code]!, dtype: DTYPES[type]! };
    }),
  };
}
