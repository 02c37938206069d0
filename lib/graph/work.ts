import { codeOf, sizeOf } from '../dtype.js';
import type { DecodedGroup, DecodedInstruction, DecodedOperand, DecodedPlan, DecodedRowStep } from './decode.js';
import { GROUP, NUMBERS, OPERAND_SCALARS, SOFTMAX } from './instructions.js';
import { sizeOfDims } from './view.js';

// What instructions move and compute, from their operands' shapes alone. Bytes are those that an instruction asks for, whichever level of
// the caches has them: an element that is broadcast counts once, a result that stays in registers does not count.

export interface Work {
  readonly bytesRead: number;
  readonly bytesWritten: number;
  /** Multiplications and additions one by one; any other micro-op, a transcendental too, counts as one. */
  readonly flops: number;
}

const NO_ARITHMETIC = ['constant', 'cast', 'copy'];
/** Operations for each element of the largest input, of the instructions that are rows or reductions: max, subtract, exp, add, divide … */
const PER_ELEMENT: Readonly<Record<string, number>> = {
  reduce: 1,
  argReduce: 1,
  softmax: 5,
  crossEntropy: 4,
  crossEntropyGrad: 7,
};

export function workOf(instruction: DecodedInstruction): Work {
  const { name, outputs, inputs } = instruction;
  const bytesWritten = sum(outputs.map(bytesOf));
  let bytesRead = sum(inputs.map(bytesOf));
  // Of these tables only the rows that are taken are read.
  if (name === 'gather' || name === 'dynamicSlice') bytesRead += bytesWritten - bytesOf(inputs[0]!);
  return { bytesRead, bytesWritten, flops: flopsOf(instruction) };
}

export function workOfPlan({ instructions }: DecodedPlan): Work {
  const works = instructions.map(workOf);
  return {
    bytesRead: sum(works.map((w) => w.bytesRead)),
    bytesWritten: sum(works.map((w) => w.bytesWritten)),
    flops: sum(works.map((w) => w.flops)),
  };
}

/** Of each element of a group. */
function opsOf(group: DecodedGroup | null): number {
  return group === null ? 0 : group.ops.filter((op) => !NO_ARITHMETIC.includes(op.name)).length;
}

function flopsOfStep({ kind, group }: DecodedRowStep, [rows, columns]: readonly number[]): number {
  if (kind === NUMBERS) return rows! * opsOf(group);
  return rows! * columns! * (kind === GROUP ? opsOf(group) : PER_ELEMENT[kind === SOFTMAX ? 'softmax' : 'reduce']!);
}

function flopsOf({ name, outputs, inputs, group, steps }: DecodedInstruction): number {
  const results = sizeOfDims(outputs[0]!.dims);
  const perResult = opsOf(group);
  switch (name) {
    case 'rowGroup':
      return sum(steps.map((step) => flopsOfStep(step, inputs[0]!.dims)));
    case 'elementwise':
      return perResult * results;
    case 'matmulGroup':
      return (2 * inputs.at(-2)!.dims[1]! + perResult) * results;
    case 'matmul':
      return 2 * inputs[0]!.dims.at(-1)! * results;
    case 'reduce':
      return PER_ELEMENT.reduce! * sizeOfDims(inputs.at(-1)!.dims) + perResult * results;
    case 'scatterAdd':
      return sizeOfDims(inputs[1]!.dims);
    default:
      return (PER_ELEMENT[name] ?? 0) * (inputs.length > 0 ? sizeOfDims(inputs[0]!.dims) : 0);
  }
}

function bytesOf({ buffer, dtype, dims, strides }: DecodedOperand): number {
  if (buffer === OPERAND_SCALARS) return 0;
  const elements = dims.reduce((n, d, i) => (strides[i] === 0 && d > 0 ? n : n * d), 1);
  return elements * sizeOf(codeOf(dtype, 'work'));
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((a, b) => a + b, 0);
}
