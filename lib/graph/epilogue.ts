import { isFloat } from '../dtype.js';
import { type Edges, operandsOf } from './edges.js';
import type { Unit } from './fuse.js';
import { LIMITS } from './limits.js';
import type { Lowered, LoweredGraph } from './lower.js';
import { isContiguous, reshapeView, sizeOfDims, type View } from './view.js';

// Elementwise groups that work on a matrix product block by block, while the block is in cache: bias and activation, an activation's
// derivative times the incoming gradient, an optimizer's update. A product that only its group reads is never written to memory.

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
  if (view.strides.every((s, i) => s === 0 || view.dims[i] === 1)) {
    return { ...view, dims: [rows, columns], strides: [0, 0] };
  }
  const flat = reshapeView(view, [rows, columns]);
  return flat !== null && (flat.strides[1] === 1 || columns === 1) ? flat : null;
}

/** Gives each product that a group reads to that group, where nothing else stands between them. */
export function attachProducts(graph: LoweredGraph, edges: Edges): void {
  const { values } = graph;
  const roots = new Set([...graph.outputs.map((o) => o.owner), ...graph.updates.map((u) => u.value)]);

  for (let from = 0; from < edges.units.length; from++) {
    const unit = edges.units[from]!;
    if (unit === null || unit.elementwise) continue;
    const product = unit.members[0]!;
    const shape = productOperands(values, product);
    if (shape === null) continue;
    const readers = [...edges.after[from]!];
    const to = readers.find((u) => accepts(edges.units[u]!, product, shape) && !edges.reachesAround(from, u));
    if (to === undefined) continue;
    const group = edges.units[to]!;
    const readElsewhere = readers.length > 1 || roots.has(product);
    const outputs = readElsewhere ? [product, ...group.outputs] : group.outputs;
    edges.join(new Set([from, to]), to, { ...group, producer: product, outputs });
  }

  function accepts(group: Unit, product: number, { rows, columns }: ProductOperands): boolean {
    if (!group.elementwise || group.producer >= 0 || group.outputs.length >= LIMITS.groupOutputs) return false;
    const { dims } = values[group.members[0]!]!;
    // The group may see the rows as several dimensions.
    if (dims[dims.length - 1] !== columns || sizeOfDims(dims) !== rows * columns) return false;
    return operandsOf(values, group, true).every((v) =>
      v.owner === product
        ? v.offset === 0 && isContiguous(v) && sizeOfDims(v.dims) === rows * columns
        : matrixView(v, rows, columns) !== null,
    );
  }
}
