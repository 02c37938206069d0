import { COLUMNS, GROUP, MEAN, NUMBERS, REDUCE, SOFTMAX, SUM } from './instructions.js';
import { LIMITS } from './limits.js';
import { ELEMENTWISE, INSTRUCTION, type Lowered } from './lower.js';
import { buildProgram, type GroupInput, type GroupProgram } from './program.js';
import { isColumnSum, isWide, rowView, type Space } from './row-space.js';
import { sizeOfDims, type View } from './view.js';

// What a row group computes, step by step.

export interface RowStep {
  readonly kind: number;
  /** The kind of reduction; of softmax, 1 for logSoftmax. */
  readonly choice: number;
  /** Of GROUP and NUMBERS. */
  readonly program: GroupProgram | null;
  /** Positions among the row group's values: its inputs, then what the steps write, in order. */
  readonly reads: readonly number[];
  /** Values of the graph. */
  readonly writes: readonly number[];
}

export interface RowProgram {
  readonly rows: number;
  readonly columns: number;
  /** What is read from outside, as its readers see it. */
  readonly inputs: readonly GroupInput[];
  /** The same as matrices [rows, columns]. */
  readonly matrices: readonly View[];
  readonly steps: readonly RowStep[];
}

/** Ops that are computed again where a later step needs them; others are kept. */
const CHEAP = new Set(
  'copy cast neg abs sign square relu add sub mul maximum minimum equal notEqual less lessEqual greater greaterEqual'
    .concat(' logicalAnd logicalOr logicalNot select')
    .split(' '),
);
/** So many at most, for one value. */
const CHEAP_OPS = 6;

/** Thrown where a row group would be too large for the format. */
class TooLarge extends Error {}

/**
 * Orders the members into steps: each reduction after what it needs, then sums of columns, and at the end what is read outside. A sum of
 * the columns of that comes last of all.
 */
export class RowBuilder {
  private readonly inputs: GroupInput[] = [];
  private readonly matrices: View[] = [];
  private readonly inputAt = new Map<string, number>();
  /** By value of the graph: its place among what steps write. */
  private readonly madeAt = new Map<number, number>();
  private readonly steps: RowStep[] = [];
  private readonly inside: ReadonlySet<number>;
  private readonly outside: ReadonlySet<number>;
  /** Wide elementwise values that are kept for later steps. */
  private readonly kept: ReadonlySet<number>;
  /** By value: the last demand that needs it for something else. */
  private readonly lastNeed = new Map<number, number>();
  private written = 0;

  constructor(
    private readonly values: readonly Lowered[],
    private readonly members: readonly number[],
    private readonly outputs: readonly number[],
    private readonly space: Space,
  ) {
    this.inside = new Set(members);
    this.outside = new Set(outputs);
    this.kept = this.chooseKept();
  }

  /** Null where it would be too large. */
  build(): RowProgram | null {
    const { rows, columns } = this.space;
    try {
      const demands = this.demands();
      demands.forEach((reductions, demand) => {
        for (const k of reductions) this.findNeeds(this.operandOf(k), demand);
      });
      const [early, late] = this.columnSums();
      early.forEach((k, i) => this.findNeeds(this.operandOf(k), demands.length + i));
      const last = demands.length + early.length;
      for (const k of this.outputs) for (const o of this.wideOperands(k)) this.findNeeds(o, last);
      demands.forEach((reductions, demand) => this.addReductions(reductions, demand));
      early.forEach((k, i) => this.addReductions([k], demands.length + i));
      this.addGroup(
        this.outputs.filter((k) => this.isWideOp(k)),
        last,
      );
      for (const k of late) this.addReductions([k], last);
      this.addNumbers(this.outputs.filter((k) => this.isNarrowOp(k)));
    } catch (error) {
      if (error instanceof TooLarge) return null;
      throw error;
    }
    const { inputs, matrices, steps } = this;
    const fits =
      inputs.length <= LIMITS.groupInputs &&
      this.outputs.length <= LIMITS.groupOutputs &&
      steps.length <= LIMITS.rowSteps &&
      inputs.length + this.written <= LIMITS.rowValues;
    const wide = inputs.length > 0;
    return fits && wide ? { rows, columns, inputs, matrices, steps: steps.map((s) => this.placed(s)) } : null;
  }

  /** Sums of columns: those of what is made for them alone, or comes from outside, and those of outputs. */
  private columnSums(): [number[], number[]] {
    const all = this.members.filter((k) => isColumnSum(this.values[k]!));
    const ofOutput = (k: number): boolean => this.outside.has(this.operandOf(k));
    return [all.filter((k) => !ofOutput(k)), all.filter(ofOutput)];
  }

  /** The reductions of rows in order; two sums that one pass over the elements can serve are together, where the second was. */
  private demands(): number[][] {
    const demands: number[][] = [];
    const needs = new Map<number, ReadonlySet<number>>();
    for (const k of this.members) {
      if (this.values[k]!.kind !== INSTRUCTION || isColumnSum(this.values[k]!)) continue;
      const behind = this.behind(k);
      needs.set(k, behind);
      demands.push([k]);
      if (!this.addsUpWide(k)) continue;
      const earlier = demands.findIndex(
        ([first], i) =>
          demands[i]!.length === 1 &&
          behind.has(this.operandOf(first!)) &&
          this.operandOf(first!) !== this.operandOf(k) &&
          this.addsUpWide(first!) &&
          demands.slice(i + 1).every((between) => between.every((r) => !needs.get(r)!.has(first!))),
      );
      if (earlier >= 0) demands.at(-1)!.unshift(...demands.splice(earlier, 1)[0]!);
    }
    return demands;
  }
  /** Is it the sum or the mean of what an op in here makes? */
  private addsUpWide(k: number): boolean {
    const { name, attributes } = this.values[k]!;
    return name === 'reduce' && (attributes[0] === SUM || attributes[0] === MEAN) && this.isWideOp(this.operandOf(k));
  }
  /** What is computed in here for k. */
  private behind(k: number): Set<number> {
    const seen = new Set<number>();
    const stack = [k];
    while (stack.length > 0) {
      for (const { owner } of this.values[stack.pop()!]!.operands) {
        if (seen.has(owner) || !this.inside.has(owner)) continue;
        seen.add(owner);
        stack.push(owner);
      }
    }
    return seen;
  }
  private operandOf(reduction: number): number {
    return this.values[reduction]!.operands[0]!.owner;
  }
  private isWideOp(k: number): boolean {
    return this.inside.has(k) && this.values[k]!.kind === ELEMENTWISE && isWide(this.values[k]!, this.space);
  }
  private isNarrowOp(k: number): boolean {
    return this.inside.has(k) && this.values[k]!.kind === ELEMENTWISE && !isWide(this.values[k]!, this.space);
  }
  private wideOperands(k: number): number[] {
    return this.isWideOp(k) ? this.values[k]!.operands.map((o) => o.owner).filter((o) => this.isWideOp(o)) : [];
  }

  /** What costs more to compute again than to keep. */
  private chooseKept(): Set<number> {
    const kept = new Set<number>();
    const ops = new Map<number, number>();
    for (const k of this.members) {
      if (!this.isWideOp(k)) continue;
      const again = this.wideOperands(k).reduce((n, o) => n + (kept.has(o) ? 0 : ops.get(o)!), 1);
      ops.set(k, again);
      if (!CHEAP.has(this.values[k]!.name) || again > CHEAP_OPS) kept.add(k);
    }
    return kept;
  }

  /** Marks the wide value k and what it is made of as needed by a demand. */
  private findNeeds(k: number, demand: number): void {
    const stack = [k];
    while (stack.length > 0) {
      const v = stack.pop()!;
      if (!this.isWideOp(v) || this.lastNeed.get(v) === demand) continue;
      this.lastNeed.set(v, demand);
      stack.push(...this.wideOperands(v));
    }
  }

  private addReductions(reductions: readonly number[], demand: number): void {
    this.addGroup(
      reductions.map((k) => this.operandOf(k)).filter((k) => this.isWideOp(k)),
      demand,
    );
    for (const k of reductions) {
      const v = this.values[k]!;
      this.add({
        kind: v.name === 'softmax' ? SOFTMAX : isColumnSum(v) ? COLUMNS : REDUCE,
        choice: v.attributes[0]!,
        program: null,
        reads: [this.read(v, { view: v.operands[0]!, scalar: -1 })],
        writes: [k],
      });
    }
    if (reductions.length === 1) return;
    // The kernel that adds up two in one pass writes neither: what is cheap is computed again, not read.
    for (const k of reductions) {
      const made = this.operandOf(k);
      if (!this.kept.has(made) && !this.outside.has(made)) this.madeAt.delete(made);
    }
  }

  /** A step that makes these wide values, and on the way whatever is to be kept or goes outside and is not needed again. */
  private addGroup(targets: readonly number[], demand: number): void {
    const needed = new Set<number>();
    const stack = targets.filter((k) => !this.madeAt.has(k));
    if (stack.length === 0) return;
    const ends = new Set(stack);
    while (stack.length > 0) {
      const k = stack.pop()!;
      if (needed.has(k)) continue;
      needed.add(k);
      stack.push(...this.wideOperands(k).filter((o) => !this.madeAt.has(o)));
    }
    const members = [...needed].sort((a, b) => a - b);
    const narrow = members.flatMap((k) => this.values[k]!.operands.map((o) => o.owner));
    this.addNumbers(narrow.filter((o) => this.isNarrowOp(o)));
    const writes = members.filter((k) => {
      const later = (this.lastNeed.get(k) ?? -1) > demand;
      return ends.has(k) || (later ? this.kept.has(k) : this.outside.has(k));
    });
    this.addProgram(GROUP, members, writes);
  }

  /** Steps that make these narrow values and what they are made of. */
  private addNumbers(targets: readonly number[]): void {
    const needed = new Set<number>();
    const stack = [...targets];
    while (stack.length > 0) {
      const k = stack.pop()!;
      if (needed.has(k) || this.madeAt.has(k)) continue;
      needed.add(k);
      stack.push(...this.values[k]!.operands.map((o) => o.owner).filter((o) => this.isNarrowOp(o)));
    }
    let run: number[] = [];
    const flush = (): void => {
      if (run.length === 0) return;
      const own = new Set(run);
      const isRead = (k: number): boolean =>
        this.outside.has(k) ||
        this.members.some((m) => !own.has(m) && this.values[m]!.operands.some((o) => o.owner === k));
      this.addProgram(NUMBERS, run, run.filter(isRead));
      run = [];
    };
    for (const k of [...needed].sort((a, b) => a - b)) {
      const before = run.length > 0 ? this.values[run[0]!]!.dims : null;
      if (before !== null && before.length !== this.values[k]!.dims.length) flush();
      run.push(k);
    }
    flush();
  }

  private addProgram(kind: number, members: readonly number[], writes: readonly number[]): void {
    const program = buildProgram(this.values, members, true);
    const reads = program.inputs.map((input) => this.read(this.values[members[0]!]!, input));
    if (
      program.ops.length > LIMITS.groupOps ||
      program.inputs.length > LIMITS.groupInputs ||
      writes.length > LIMITS.groupOutputs
    )
      throw new TooLarge();
    this.add({ kind, choice: 0, program, reads, writes });
  }

  private add(step: RowStep): void {
    this.steps.push(step);
    for (const k of step.writes) this.madeAt.set(k, this.written++);
  }

  /** An input of a step that computes values like v: what was made is numbered -1, -2 … until all inputs are known. */
  private read(v: Lowered, input: GroupInput): number {
    const made = input.scalar < 0 ? this.madeAt.get(input.view.owner) : undefined;
    if (made !== undefined) return -1 - made;
    const { rows, columns } = this.space;
    const matrix =
      input.scalar >= 0
        ? { ...input.view, dims: [rows, columns], strides: [0, 0] }
        : rowView(v, input.view, this.space)!;
    const key = input.scalar >= 0 ? `s${input.scalar}` : `${matrix.owner},${matrix.offset},${matrix.strides.join()}`;
    const known = this.inputAt.get(key);
    if (known !== undefined) return known;
    this.matrices.push(matrix);
    const at = this.inputs.push(input) - 1;
    this.inputAt.set(key, at);
    return at;
  }

  private placed(step: RowStep): RowStep {
    return { ...step, reads: step.reads.map((r) => (r >= 0 ? r : this.inputs.length - 1 - r)) };
  }
}

/** May the result k take the memory of `owner`, which the group reads whole? Only where no later step reads that again. */
export function mayOverwrite(program: RowProgram, values: readonly Lowered[], k: number, owner: number): boolean {
  const { dims } = values[k]!;
  if (sizeOfDims(dims) !== program.rows * program.columns) return false;
  const made = program.steps.findIndex((s) => s.writes.includes(k));
  return program.steps
    .slice(made + 1)
    .every((s) => s.reads.every((r) => program.inputs[r]?.view.owner !== owner || program.inputs[r]!.scalar >= 0));
}
