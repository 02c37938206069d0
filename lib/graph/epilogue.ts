import { isFloat } from '../dtype.js';
import { type Edges, operandsOf } from './edges.js';
import type { Unit } from './fuse.js';
import { LIMITS } from './limits.js';
import type { Lowered, LoweredGraph } from './lower.js';
import { isContiguous, reshapeView, sizeOfDims, type View } from './view.js';

// Elementwise groups that work on a matrix product block by block, while the block is in cache: bias and activation, an activation's
// derivative times the incoming gradient, an optimizer's update. And those that work on the results of a reduction, such as the update of
// a bias by the sum of its gradients. A product or sum that only its group reads is never written to memory.

/** A product and the operands of its group as the instruction sees them: matrices. */
export interface ProductOperands {
  readonly rows: number;
  readonly columns: number;
  readonly a: View;
  readonly b: View;
}

/** The product with its leading dimensions taken for rows, or null where strides cannot say so. */
export function productOperands(values: readonly Lowered[], product: number): ProductOperands | null {
  const v = values[product]!;
  if (v.name !== 'matmul' || !isFloat(v.type)) return null;
  const [a, b] = v.operands as [View, View];
  const rank = v.dims.length;
  const columns = v.dims[rank - 1]!;
  const inner = a.dims[rank - 1]!;
  const rows = sizeOfDims(v.dims.slice(0, -1));
  if (rows * columns === 0) return null;
  for (let d = 0; d < rank - 2; d++) if (b.dims[d] !== 1 && b.strides[d] !== 0) return null;
  const flat = reshapeView(a, [rows, inner]);
  if (flat === null) return null;
  return { rows, columns, a: flat, b: { ...b, dims: b.dims.slice(-2), strides: b.strides.slice(-2) } };
}

/** An operand of a group as a matrix: rows anywhere, elements of a row side by side, or one element for all; null if it is not so. */
export function matrixView(view: View, rows: number, columns: number): View | null {
  if (isOneElement(view)) return { ...view, dims: [rows, columns], strides: [0, 0] };
  const flat = reshapeView(view, [rows, columns]);
  return flat !== null && (flat.strides[1] === 1 || columns === 1) ? flat : null;
}

/** An operand of a group over results of these dimensions: all of them in order, or one element for all; null if it is neither. */
export function resultView(view: View, dims: readonly number[]): View | null {
  if (isOneElement(view)) return { ...view, dims, strides: dims.map(() => 0) };
  return isContiguous(view) ? reshapeView(view, dims) : null;
}

function isOneElement(view: View): boolean {
  return view.strides.every((s, i) => s === 0 || view.dims[i] === 1);
}

/** Does a reduction keep one stretch of neighbouring dimensions, or none, of what lies in memory without gaps? */
function keepsOneAxis(v: Lowered): boolean {
  const { dims } = v.operands[0]!;
  const kept = dims.flatMap((d, i) => (d !== 1 && v.dims[i] === d ? [i] : []));
  const between = dims.slice(kept[0] ?? 0, (kept.at(-1) ?? -1) + 1).filter((d) => d !== 1);
  return sizeOfDims(dims) > 0 && isContiguous(v.operands[0]!) && between.length === kept.length;
}

/** Where a group may work on a value. */
interface Host {
  readonly size: number;
  /** The last dimension that the group must have; 0: any. */
  readonly columns: number;
  /** Can the group read this operand beside the value? */
  reads(view: View): boolean;
}

function hostOf(values: readonly Lowered[], k: number): Host | null {
  const v = values[k]!;
  const shape = productOperands(values, k);
  if (shape !== null) {
    const { rows, columns } = shape;
    return { size: rows * columns, columns, reads: (view) => matrixView(view, rows, columns) !== null };
  }
  if (v.name !== 'reduce' || !keepsOneAxis(v)) return null;
  return { size: sizeOfDims(v.dims), columns: 0, reads: (view) => resultView(view, v.dims) !== null };
}

/** Gives each product and each reduction that a group reads to that group, where nothing else stands between them. */
export function attachProducers(graph: LoweredGraph, edges: Edges): void {
  const { values } = graph;
  const roots = new Set([...graph.outputs.map((o) => o.owner), ...graph.updates.map((u) => u.value)]);

  for (let from = 0; from < edges.units.length; from++) {
    const unit = edges.units[from]!;
    if (unit === null || unit.elementwise || unit.rows !== null) continue;
    const producer = unit.members[0]!;
    const host = hostOf(values, producer);
    if (host === null) continue;
    const readers = [...edges.after[from]!];
    const to = readers.find((u) => accepts(edges.units[u]!, producer, host) && !edges.reachesAround(from, u));
    if (to === undefined) continue;
    const group = edges.units[to]!;
    const readElsewhere = readers.length > 1 || roots.has(producer);
    const outputs = readElsewhere ? [producer, ...group.outputs] : group.outputs;
    edges.join(new Set([from, to]), to, { ...group, producer, outputs });
  }

  function accepts(group: Unit, producer: number, { size, columns, reads }: Host): boolean {
    if (!group.elementwise || group.producer >= 0 || group.outputs.length >= LIMITS.groupOutputs) return false;
    const { dims } = values[group.members[0]!]!;
    // The group may see the value's dimensions as others.
    if (sizeOfDims(dims) !== size || (columns > 0 && dims.at(-1) !== columns)) return false;
    return operandsOf(values, group, true).every((v) =>
      v.owner === producer ? v.offset === 0 && isContiguous(v) && sizeOfDims(v.dims) === size : reads(v),
    );
  }
}
