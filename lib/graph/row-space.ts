import { isFloat } from '../dtype.js';
import { MEAN, SUM } from './instructions.js';
import { ELEMENTWISE, type Lowered } from './lower.js';
import { isWhole } from './program.js';
import { reshapeView, sizeOfDims, type View } from './view.js';

// The rows that a row group works on, and what of them a value is: wide (an element for each place), narrow (a number a row), or a sum of
// columns (a number a column), which nothing in the group reads.

export interface Space {
  readonly dims: readonly number[];
  readonly rows: number;
  readonly columns: number;
}

export function isWide(v: Lowered, { dims }: Space): boolean {
  return v.dims.length === dims.length && v.dims.every((d, i) => d === dims[i]);
}

/** Is it a number a row: [..., 1], or without the last dimension? */
export function isNarrow(v: Lowered, { dims }: Space): boolean {
  const last = dims.length - 1;
  const squeezed = v.dims.length === last;
  return (
    (squeezed || (v.dims.length === dims.length && v.dims[last] === 1)) &&
    dims.every((d, i) => i === last || v.dims[i] === d)
  );
}

/** Is it a sum or mean over all dimensions but the last, of more than one row? */
export function isColumnSum({ name, type, dims, operands, attributes }: Lowered): boolean {
  if (name !== 'reduce' || !isFloat(type) || (attributes[0] !== SUM && attributes[0] !== MEAN)) return false;
  const of = operands[0]!.dims;
  const last = of.length - 1;
  return (
    last > 0 && dims[last] === of[last] && dims.every((d, i) => i === last || d === 1) && sizeOfDims(of) > of[last]!
  );
}

export function sameRows(v: Lowered, space: Space): boolean {
  if (v.kind === ELEMENTWISE) return isWide(v, space) || isNarrow(v, space);
  const { dims } = v.operands[0]!;
  return dims.length === space.dims.length && dims.every((d, i) => d === space.dims[i]);
}

/** The operand of value k as a matrix [rows, columns] with stride 0 or 1 along rows; null where strides cannot say so. */
export function rowView(v: Lowered, view: View, space: Space): View | null {
  const { rows, columns } = space;
  const wide = v.kind !== ELEMENTWISE || isWide(v, space);
  const flat = reshapeView(view, [rows, wide ? columns : 1]);
  if (flat === null) return null;
  const [down, along] = flat.strides as [number, number];
  if (wide && along !== 0 && along !== 1) return null;
  return { ...flat, dims: [rows, columns], strides: [rows === 1 ? 0 : down, wide ? along : 0] };
}

/** Can a step read this operand? What is made in the same group, only row by row. */
export function isReadable(
  values: readonly Lowered[],
  k: number,
  view: View,
  made: ReadonlySet<number>,
  space: Space,
): boolean {
  const owner = values[view.owner]!;
  if (owner.uniformOps > 0) return true;
  if (made.has(view.owner) && isColumnSum(owner)) return false;
  const matrix = rowView(values[k]!, view, space);
  if (matrix === null) return false;
  if (!made.has(view.owner)) return true;
  if (isWide(owner, space)) return isWhole(view, owner, space.dims);
  return matrix.offset === 0 && matrix.strides[1] === 0 && (space.rows === 1 || matrix.strides[0] === 1);
}
