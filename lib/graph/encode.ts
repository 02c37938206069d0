import { FLOAT64, sizeOf } from '../dtype.js';
import { matrixView, productOperands, resultView } from './epilogue.js';
import type { Unit } from './fuse.js';
import {
  BUFFER_INPUT,
  BUFFER_OUTPUT,
  BUFFER_STATE,
  FORMAT_VERSION,
  MAGIC,
  microCodeOf,
  OPERAND_SCALARS,
  opcodeOf,
} from './instructions.js';
import { LEAF, type LoweredGraph, WINDOW } from './lower.js';
import type { Memory, Place } from './memory.js';
import { type GroupProgram, programOf } from './program.js';
import type { RowProgram } from './row-program.js';
import { isColumnSum } from './row-space.js';
import type { Schedule } from './schedule.js';
import { sizeOfDims, type View, wholeView } from './view.js';

// Writes a plan as words; the format is in docs/architecture.md, its reader is native/plan/decoder.cc.

export interface BufferSpec {
  readonly type: number;
  readonly elements: number;
}

export interface EncodeInput {
  readonly graph: LoweredGraph;
  readonly schedule: Schedule;
  readonly memory: Memory;
  readonly leaves: readonly BufferSpec[];
  readonly outputs: readonly BufferSpec[];
  /** Results of one element, as views. */
  readonly values: readonly View[];
  readonly fused: boolean;
}

const float64 = new Float64Array(1);
const halves = new Int32Array(float64.buffer);

/** A group's program: how many inputs, outputs and ops, the outputs' registers, the ops. */
function programWords(program: GroupProgram, outputs: readonly number[]): number[] {
  const words = [program.inputs.length, outputs.length, program.ops.length];
  for (const k of outputs) words.push(program.registers.get(k)!);
  for (const op of program.ops) {
    float64[0] = op.value;
    const [a, b, c] =
      op.name === 'constant'
        ? [halves[0]!, halves[1]!, 0]
        : [op.operands[0] ?? 0, op.operands[1] ?? 0, op.operands[2] ?? 0];
    words.push(microCodeOf(op.name), op.type, a, b, c, 0);
  }
  return words;
}

/** The words, and the name of each instruction for messages. */
export function encode(input: EncodeInput): { words: Int32Array; names: string[] } {
  const { graph, schedule, memory } = input;
  const { values } = graph;
  const bufferCount = input.leaves.length + input.outputs.length;
  const targets = new Set(graph.updates.map((u) => u.target));
  const out: number[] = [];
  const names: string[] = [];

  const wide = (n: number): void => {
    out.push(n | 0, Math.floor(n / 2 ** 32));
  };

  const placeOf = (k: number): Place => {
    const v = values[k]!;
    if (v.kind === LEAF) return { buffer: v.slot, offset: 0 };
    return v.kind === WINDOW ? { buffer: bufferCount + v.slot, offset: 0 } : memory.places.get(k)!;
  };
  const operand = (view: View): void => {
    const { type } = values[view.owner]!;
    operandAt(placeOf(view.owner), type, view);
  };
  const operandAt = (
    place: Place,
    type: number,
    view: { offset: number; dims: readonly number[]; strides: readonly number[] },
  ): void => {
    out.push(place.buffer, type);
    wide(place.offset / sizeOf(type) + view.offset);
    out.push(view.dims.length, ...view.dims, ...view.strides);
  };
  const scalarOperand = (slot: number, dims: readonly number[]): void => {
    out.push(OPERAND_SCALARS, FLOAT64);
    wide(slot);
    out.push(dims.length, ...dims, ...dims.map(() => 0));
  };

  /** opcode, length, attributes, operands; the length is filled in afterwards. */
  const instruction = (
    name: string,
    attributes: readonly number[],
    operandCount: number,
    operands: () => void,
  ): void => {
    const start = out.length;
    out.push(opcodeOf(name), 0, attributes.length, ...attributes, operandCount);
    operands();
    out[start + 1] = out.length - start;
    names.push(name);
  };

  const group = (unit: Unit): void => {
    const program = programOf(values, unit, input.fused);
    const attributes = programWords(program, unit.outputs);
    if (unit.producer >= 0) {
      const over = values[unit.producer]!.name === 'reduce' ? groupOfReduction : groupOfProduct;
      over(unit, program, attributes);
      return;
    }
    instruction('elementwise', attributes, unit.outputs.length + program.inputs.length, () => {
      for (const k of unit.outputs) operand(wholeView(k, program.dims));
      for (const { view, scalar } of program.inputs) scalar >= 0 ? scalarOperand(scalar, program.dims) : operand(view);
    });
  };

  /** Its first input, the product, has no operand; the factors stand at the end. */
  const groupOfProduct = (unit: Unit, program: GroupProgram, attributes: readonly number[]): void => {
    const { rows, columns, a, b } = productOperands(values, unit.producer)!;
    const dims = [rows, columns];
    const all = [...attributes, ...values[unit.producer]!.attributes]; // the product's: its precision
    instruction('matmulGroup', all, unit.outputs.length + program.inputs.length + 1, () => {
      for (const k of unit.outputs) operand(wholeView(k, dims));
      for (const { view, scalar } of program.inputs.slice(1))
        scalar >= 0 ? scalarOperand(scalar, dims) : operand(matrixView(view, rows, columns)!);
      operand(a);
      operand(b);
    });
  };

  /** Its first input, what was reduced, has no operand; what it is reduced from stands at the end. */
  const groupOfReduction = (unit: Unit, program: GroupProgram, attributes: readonly number[]): void => {
    const { dims, attributes: kind, operands: from } = values[unit.producer]!;
    instruction('reduce', [...kind, ...attributes], unit.outputs.length + program.inputs.length, () => {
      for (const k of unit.outputs) operand(wholeView(k, dims));
      for (const { view, scalar } of program.inputs.slice(1))
        scalar >= 0 ? scalarOperand(scalar, dims) : operand(resultView(view, dims)!);
      operand(from[0]!);
    });
  };

  const rowGroup = (unit: Unit, { rows, columns, inputs, matrices, steps }: RowProgram): void => {
    const made = steps.flatMap((s) => s.writes);
    const attributes = [inputs.length, unit.outputs.length, steps.length];
    for (const k of unit.outputs) attributes.push(inputs.length + made.indexOf(k));
    for (const { kind, choice, program, reads, writes } of steps) {
      if (program === null) attributes.push(kind, choice, ...reads);
      else attributes.push(kind, reads.length, ...reads, ...programWords(program, writes));
    }
    instruction('rowGroup', attributes, unit.outputs.length + inputs.length, () => {
      for (const k of unit.outputs) {
        if (isColumnSum(values[k]!)) {
          operand(wholeView(k, [1, columns]));
          continue;
        }
        const width = sizeOfDims(values[k]!.dims) === rows ? 1 : columns;
        operand(wholeView(k, [rows, width]));
      }
      inputs.forEach(({ scalar }, i) => (scalar >= 0 ? scalarOperand(scalar, [rows, columns]) : operand(matrices[i]!)));
    });
  };

  const single = (k: number): void => {
    const v = values[k]!;
    instruction(v.name, v.attributes, 1 + v.operands.length, () => {
      operand(wholeView(k, v.dims));
      v.operands.forEach((view, i) =>
        v.scalarOperands.includes(i) ? scalarOperand(values[view.owner]!.slot, []) : operand(view),
      );
    });
  };

  /** Writes a whole value over a leaf. */
  const finalCopy = (k: number, target: number): void => {
    const { dims, type } = values[k]!;
    instruction('elementwise', [1, 1, 0, 0], 2, () => {
      operandAt({ buffer: target, offset: 0 }, type, wholeView(k, dims));
      operand(wholeView(k, dims));
    });
  };

  out.push(MAGIC, FORMAT_VERSION, bufferCount, graph.scalars, input.values.length);
  wide(memory.arenaBytes);
  const countAt = out.push(0) - 1;
  out.push(graph.windows.length);
  const buffer = (kind: number, spec: BufferSpec): void => {
    out.push(kind, spec.type);
    wide(spec.elements);
  };
  input.leaves.forEach((spec, i) => buffer(targets.has(i) ? BUFFER_STATE : BUFFER_INPUT, spec));
  for (const spec of input.outputs) buffer(BUFFER_OUTPUT, spec);
  for (const w of graph.windows) out.push(w.leaf, w.scalar, w.rows, w.leafRows, w.columns);
  for (const view of input.values) {
    const place = placeOf(view.owner);
    const { type } = values[view.owner]!;
    out.push(place.buffer, type);
    wide(place.offset / sizeOf(type) + view.offset);
  }
  for (const unit of schedule.units) {
    if (sizeOfDims(values[unit.members[0]!]!.dims) === 0) continue; // nothing to write
    if (unit.elementwise) group(unit);
    else if (unit.rows !== null) rowGroup(unit, unit.rows);
    else single(unit.members[0]!);
  }
  for (const { value, target } of schedule.copies) if (sizeOfDims(values[value]!.dims) > 0) finalCopy(value, target);
  out[countAt] = names.length;
  return { words: Int32Array.from(out), names };
}
