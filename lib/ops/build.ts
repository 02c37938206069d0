import { BOOL, FLOAT32, FLOAT64, INT32, isFloat, nameOf, UINT8 } from '../dtype.js';
import { GradsmithError } from '../errors.js';
import { apply, type Op, type OpEntry } from '../graph/op.js';
import { broadcast, type Extent } from '../shape.js';
import { type AnyTensor, scalar, Tensor } from '../tensor.js';
import { sharedConstant } from './fill.js';

// What many entries share: the rules of elementwise ops, and how a caller's operands become nodes.

/** Builds a node. What its type is, the signature of the caller says. */
export function build<R>(op: Op, inputs: AnyTensor[], attr = 0): R {
  return apply(op, inputs, attr) as R;
}

/** A binary op of tensors or a tensor and a number. */
export function binary<R>(op: Op, a: unknown, b: unknown): R {
  if (typeof b === 'number' && a instanceof Tensor) return apply(op, [a, numberNode(op.name, b, a.type)]) as R;
  if (typeof a === 'number' && b instanceof Tensor) return apply(op, [numberNode(op.name, a, b.type), b]) as R;
  return apply(op, [a as AnyTensor, b as AnyTensor]) as R;
}

/**
 * A caller's number as a tensor of rank 0. Bound at each run, so that a loop that changes it keeps its plan.
 * @throws ERR_DTYPE when the dtype has no such number.
 */
export function numberNode(name: string, value: number, type: number): AnyTensor {
  if (!isFloat(type) && !isRepresentable(value, type)) {
    throw new GradsmithError(
      'ERR_DTYPE',
      `${name}: ${value} is not a number of dtype ${nameOf(type)}; cast the tensor first`,
    );
  }
  return scalar(value, type);
}

/** Does an integer dtype, or bool, have this number? */
export function isRepresentable(value: number, type: number): boolean {
  if (type === INT32) return value === (value | 0);
  return Number.isInteger(value) && value >= 0 && value <= (type === UINT8 ? 255 : 1);
}

/** An operand of a rule: a number is part of the structure there, a constant of the plan. */
export type Operand = AnyTensor | number;

/** A binary op as rules write it. At least one operand is a tensor. */
export function rulePair(op: Op, a: Operand, b: Operand): AnyTensor {
  if (typeof a === 'number') return apply(op, [sharedConstant(a, (b as AnyTensor).type), b as AnyTensor]);
  return apply(op, [a, typeof b === 'number' ? sharedConstant(b, a.type) : b]);
}

/** dtypes that an op takes: a bit for each code. */
export interface Domain {
  readonly name: string;
  readonly types: number;
}
const floats = (1 << FLOAT32) | (1 << FLOAT64);
export const anyType: Domain = { name: 'any dtype', types: -1 };
export const numeric: Domain = { name: 'a numeric dtype', types: ~(1 << BOOL) };
export const float: Domain = { name: 'float32 or float64', types: floats };
export const boolean: Domain = { name: 'bool', types: 1 << BOOL };
/** What sums and scattered sums take: an integer of eight bits would overflow at once. */
export const summable: Domain = { name: 'float32, float64 or int32', types: floats | (1 << INT32) };

/** The one dtype of all operands. Throws ERR_DTYPE where they differ, or the op does not take it. */
export function sameType(name: string, inputs: readonly AnyTensor[], domain: Domain): number {
  const { type } = inputs[0]!;
  for (let i = 1; i < inputs.length; i++) {
    const other = inputs[i]!.type;
    if (other !== type) {
      throw new GradsmithError(
        'ERR_DTYPE',
        `${name}: dtypes differ: ${nameOf(type)} and ${nameOf(other)} (cast one of them)`,
      );
    }
  }
  return checkType(name, type, domain);
}

/** `type`, if it is one that the op takes. Throws ERR_DTYPE. */
export function checkType(name: string, type: number, domain: Domain): number {
  if (((domain.types >> type) & 1) === 0) {
    throw new GradsmithError('ERR_DTYPE', `${name}: expected ${domain.name}, got ${nameOf(type)} (cast it first)`);
  }
  return type;
}

/** The broadcast of all operands' shapes. */
export function broadcastAll(name: string, inputs: readonly AnyTensor[]): Extent {
  let extent = inputs[0]!.extent;
  for (let i = 1; i < inputs.length; i++) extent = broadcast(name, extent, inputs[i]!.extent);
  return extent;
}

type Rules = Pick<OpEntry, 'name' | 'micro' | 'shape' | 'dtype'>;

/** An elementwise op of operands of one dtype, which is also the result's; its micro-op has its name. */
export function elementwise(name: string, domain: Domain): Rules {
  return {
    name,
    micro: name,
    shape: (inputs) => broadcastAll(name, inputs),
    dtype: (inputs) => sameType(name, inputs, domain),
  };
}

/** An elementwise test: operands of one dtype, the result is bool. */
export function predicate(name: string, domain: Domain): Rules {
  return {
    ...elementwise(name, domain),
    dtype: (inputs) => {
      sameType(name, inputs, domain);
      return BOOL;
    },
  };
}
