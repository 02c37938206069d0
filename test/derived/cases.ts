// The cases that every op's derived tests run: from its samples, or the defaults for its number of inputs.

import { allocate, BOOL, FLOAT32, FLOAT64, INT32, isFloat, UINT8 } from '../../lib/dtype.js';
import { allOps, type Op, type SampleCase } from '../../lib/graph/op.js';
import { parameter } from '../../lib/index.js';
import { Storage } from '../../lib/storage.js';
import { type AnyTensor, stored } from '../../lib/tensor.js';

const ONE = [[[]], [[1]], [[7]], [[3, 5]], [[2, 3, 4]], [[0, 3]], [[131]]];
const TWO = [
  [
    [3, 5],
    [3, 5],
  ],
  [[3, 5], [5]],
  [
    [2, 1, 4],
    [3, 1],
  ],
  [[], [4]],
  [[2, 3], []],
  [[0, 3], [3]],
  [[67], [67]],
];
const THREE = [
  [
    [3, 5],
    [3, 5],
    [3, 5],
  ],
  [[5], [3, 5], []],
  [
    [2, 1],
    [1, 3],
    [2, 3],
  ],
];

/** Ops of tensors. Those that are made of numbers of the run (fill, random, iota, dynamicSlice) have tests of their own in test/ops. */
export function opsUnderTest(): Op[] {
  return allOps().filter((op) => op.constant === undefined && op.instruction?.scalars === undefined);
}

export function casesOf(op: Op): SampleCase[] {
  const { samples } = op;
  if (samples?.cases) return [...samples.cases];
  const shapes = samples?.shapes ?? [ONE, TWO, THREE].find((list) => accepts(op, list[0]!));
  if (shapes === undefined) throw new Error(`${op.name}: its samples must say shapes or cases`);
  return shapes.map((inputs) => ({ inputs: inputs.map((shape) => ({ shape })) }));
}

/** Does the op take so many inputs of this shape? Asked with every dtype, since some take only bool. */
function accepts(op: Op, shapes: readonly (readonly number[])[]): boolean {
  return [FLOAT64, BOOL].some((type) => {
    try {
      const inputs = shapes.map((shape, i) =>
        stored(new Storage(allocate(typeOfInput(op, i, type), 15), -1), shape, typeOfInput(op, i, type)),
      );
      op.dtype(inputs, 0);
      op.shape(inputs, 0);
      return arityOf(op) === shapes.length;
    } catch {
      return false;
    }
  });
}

const TERNARY = new Set(['select']);
const BINARY = new Set([
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
]);

/** Inputs of an elementwise op; its micro-op has them too. */
function arityOf(op: Op): number {
  if (op.micro === undefined) return 1;
  return TERNARY.has(op.micro) ? 3 : BINARY.has(op.micro) ? 2 : 1;
}

/** The condition of a select is bool whatever the other inputs are. */
function typeOfInput(op: Op, i: number, type: number): number {
  return op.micro === 'select' && i === 0 ? BOOL : type;
}

/** dtypes of the float under test that the op takes: logical ops take bool only. */
export function typesOf(op: Op): number[] {
  return [FLOAT64, FLOAT32, INT32, UINT8, BOOL].filter((type) => {
    const [first] = casesOf(op);
    try {
      op.dtype(
        first!.inputs.map((s, i) => stored(new Storage(null, -1), s.shape, s.type ?? typeOfInput(op, i, type))),
        first!.attr ?? 0,
      );
      return true;
    } catch {
      return false;
    }
  });
}

/** A small deterministic generator of numbers in [0, 1): tests must not depend on the library's own. */
export function generator(seed: number): () => number {
  // Small seeds are spread out, or the first numbers would all be next to zero.
  let state = Math.imul(seed + 1, 0x9e3779b1) >>> 0 || 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 32;
  };
}

/** Numbers for an input, as float64: what the tensor of the dtype under test will hold exactly. */
export function numbersFor(op: Op, testCase: SampleCase, i: number, type: number, next: () => number): Float64Array {
  const input = testCase.inputs[i]!;
  const actual = input.type ?? typeOfInput(op, i, type);
  const n = input.shape.reduce((a, b) => a * b, 1);
  const [low, high] = domainOf(op, i);
  const kinks = op.samples?.kinks ?? [];
  const draw = (): number => {
    if (input.below !== undefined) return Math.floor(next() * input.below);
    if (actual === BOOL) return next() < 0.5 ? 0 : 1;
    if (!isFloat(actual)) return Math.max(actual === UINT8 ? 0 : -9, Math.round(low + next() * (high - low)) || 1);
    const v = low + next() * (high - low);
    if (kinks.some((k) => Math.abs(v - k) < 0.05)) return draw();
    return actual === FLOAT32 ? Math.fround(v) : v;
  };
  return Float64Array.from({ length: n }, draw);
}

function domainOf(op: Op, i: number): readonly [number, number] {
  const domain = op.samples?.domain ?? [-2, 2];
  return (typeof domain[0] === 'number' ? domain : (domain[i] ?? domain[0])) as readonly [number, number];
}

/** A plain tensor of these numbers. */
export function tensorOf(numbers: Float64Array, shape: readonly number[], type: number): AnyTensor {
  const data = allocate(type, numbers.length);
  data.set(numbers);
  return stored(new Storage(data, -1), shape, type);
}

/** A parameter of these numbers; what gradients are asked for. */
export function variableOf(numbers: Float64Array, shape: readonly number[], type: number): AnyTensor {
  return parameter(tensorOf(numbers, shape, type)) as unknown as AnyTensor;
}

export function inputType(op: Op, testCase: SampleCase, i: number, type: number): number {
  return testCase.inputs[i]!.type ?? typeOfInput(op, i, type);
}
