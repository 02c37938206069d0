import { codeOf, sizeOf } from '../dtype.js';
import { contiguousStrides, show } from '../shape.js';
import type { DecodedGroup, DecodedInstruction, DecodedOperand, DecodedPlan } from './decode.js';
import { COLUMNS, NUMBERS, OPERAND_ARENA, OPERAND_SCALARS, REDUCE } from './instructions.js';
import { sizeOfDims } from './view.js';
import { type Work, workOf, workOfPlan } from './work.js';

// A plan in words that people read.

const KINDS = ['input', 'state', 'output'];
/** By the code of the `reduce` instruction. */
const REDUCTIONS = ['sum', 'mean', 'max', 'min'];

/** One line on the plan, then one on each instruction. `times`: nanoseconds that each has taken a step, where that has been measured. */
export function listing(plan: DecodedPlan, times: ArrayLike<number> | null = null): string {
  const n = plan.instructions.length;
  const memory = `arena ${bytes(plan.arenaBytes)}, at most ${bytes(liveBytes(plan))} of it live at once`;
  const head = `plan of ${n} instruction${n === 1 ? '' : 's'}: ${workText(workOfPlan(plan))} a step; ${memory}`;
  const rows = plan.instructions.map((instruction, i) => {
    const time = times === null ? [] : [`${duration(times[i]!)}`];
    const precision = instruction.precision === 'bfloat16' ? 'bfloat16 operands' : '';
    const program = programText(instruction);
    const parts = [operandsText(plan, instruction), precision, program, workText(workOf(instruction)), ...time];
    return [String(i), labelOf(instruction), parts.filter((p) => p !== '').join(' | ')];
  });
  return [head, ...align(rows)].join('\n');
}

/** The micro-ops of a group; of a row group the steps, on a row's numbers in brackets: `sum; (mul add); sub mul; sum of columns`. */
function programText({ group, steps }: DecodedInstruction): string {
  if (group !== null) return opsText(group);
  return steps
    .map(({ kind, choice, group }) => {
      if (kind === REDUCE) return REDUCTIONS[choice]!;
      if (kind === COLUMNS) return `${REDUCTIONS[choice]!} of columns`;
      if (group === null) return choice === 1 ? 'logSoftmax' : 'softmax';
      return kind === NUMBERS ? `(${opsText(group)})` : opsText(group);
    })
    .join('; ');
}

function opsText({ ops }: DecodedGroup): string {
  return ops
    .filter((op) => op.name !== 'constant')
    .map((op) => op.name)
    .join(' ');
}

/** What an instruction is called, here and in profiles: `matmul float32 [64, 100]`. */
export function labelOf({ name, outputs }: DecodedInstruction): string {
  return `${name} ${outputs[0]!.dtype} ${show(outputs[0]!.dims)}`;
}

/**
 * Bytes of the arena that hold something which is still to be read, at the worst moment: no placement can do with less for these
 * instructions in this order.
 */
export function liveBytes({ instructions, values }: DecodedPlan): number {
  const blocks: { first: number; end: number; from: number; until: number }[] = [];
  const written = (o: DecodedOperand, at: number) => {
    if (o.buffer !== OPERAND_ARENA) return;
    const first = o.offset * sizeOf(codeOf(o.dtype, 'plan'));
    blocks.push({ first, end: first + sizeOfDims(o.dims) * sizeOf(codeOf(o.dtype, 'plan')), from: at, until: at });
  };
  const read = (buffer: number, byte: number, at: number) => {
    if (buffer !== OPERAND_ARENA) return;
    const block = blocks.findLast((b) => b.first <= byte && byte < b.end);
    if (block !== undefined) block.until = at;
  };
  instructions.forEach(({ inputs, outputs }, at) => {
    for (const o of inputs) read(o.buffer, o.offset * sizeOf(codeOf(o.dtype, 'plan')), at);
    for (const o of outputs) written(o, at);
  });
  for (const v of values) read(v.buffer, v.offset * sizeOf(codeOf(v.dtype, 'plan')), instructions.length);
  const liveAt = instructions.map((_, at) => {
    const live = blocks.filter((b) => b.from <= at && at <= b.until);
    // A result that takes the place of an operand needs no more.
    return live.reduce(
      (n, b) => n + (b.from === at && live.some((a) => a !== b && overlap(a, b)) ? 0 : b.end - b.first),
      0,
    );
  });
  return Math.max(0, ...liveAt);
}

function overlap(a: { first: number; end: number }, b: { first: number; end: number }): boolean {
  return a.first < b.end && b.first < a.end;
}

function operandsText(plan: DecodedPlan, { inputs, outputs }: DecodedInstruction): string {
  const results = outputs.map((o) => {
    const inPlace = inputs.some((x) => x.buffer === o.buffer && x.offset === o.offset && show(x.dims) === show(o.dims));
    return `${place(plan, o)}${inPlace ? ' (in place)' : ''}`;
  });
  return `${results.join(', ')} <- ${inputs.map((x) => operandText(plan, x)).join(', ') || 'nothing'}`;
}

function operandText(plan: DecodedPlan, operand: DecodedOperand): string {
  if (operand.buffer === OPERAND_SCALARS) return place(plan, operand);
  const { dims, strides } = operand;
  const usual = contiguousStrides(dims);
  const plain = dims.every((d, i) => d === 1 || strides[i] === usual[i]);
  return `${place(plan, operand)} ${show(dims)}${plain ? '' : ` by ${show(strides)}`}`;
}

function place(plan: DecodedPlan, { buffer, offset, dtype }: DecodedOperand): string {
  if (buffer === OPERAND_SCALARS) return `scalar ${offset}`;
  const at = offset * sizeOf(codeOf(dtype, 'plan'));
  if (buffer === OPERAND_ARENA) return `arena+${at}`;
  const start = at === 0 ? '' : `+${at}`;
  const window = plan.windows[buffer - plan.buffers.length];
  if (window !== undefined) return `input ${window.buffer} (rows from scalar ${window.scalar})${start}`;
  return `${KINDS[plan.buffers[buffer]!.kind]} ${buffer}${start}`;
}

function workText({ bytesRead, bytesWritten, flops }: Work): string {
  return `reads ${bytes(bytesRead)}, writes ${bytes(bytesWritten)}, ${scaled(flops)}FLOP`;
}

function bytes(n: number): string {
  return `${scaled(n)}B`;
}

function scaled(n: number): string {
  if (n < 1000) return `${n} `;
  const power = Math.min(Math.floor(Math.log10(n) / 3), 4);
  return `${(n / 1000 ** power).toPrecision(3)} ${'kMGT'[power - 1]}`;
}

function duration(ns: number): string {
  return ns < 1000 ? `${ns.toFixed(0)} ns` : `${(ns / 1000).toPrecision(3)} µs`;
}

/** The number, the name, then whatever there is. */
function align(rows: readonly string[][]): string[] {
  const widths = [0, 1].map((c) => Math.max(...rows.map((r) => r[c]!.length)));
  return rows.map(([i, label, rest]) => `${i!.padStart(widths[0]!)} ${label!.padEnd(widths[1]!)} | ${rest}`);
}
