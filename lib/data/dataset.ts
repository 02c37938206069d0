import type { DType } from '../dtype.js';
import { GradsmithError } from '../errors.js';
import { gather, tensor } from '../ops/index.js';
import { evaluateSync } from '../runtime/evaluate.js';
import { type Shape, show } from '../shape.js';
import { type AnyTensor, type NestedArray, Tensor } from '../tensor.js';
import { permutation, type ShuffleOptions } from './permutation.js';

/** Some of the rows of a tensor: the same type, but for the number of rows. */
export type RowsOf<T> =
  T extends Tensor<infer S extends Shape, infer D extends DType>
    ? S extends [number, ...infer Rest extends Shape]
      ? Tensor<[number, ...Rest], D>
      : Tensor<number[], D>
    : AnyTensor;

/** What a column may be given as; arrays become float32. */
export type Column = AnyTensor | readonly NestedArray[];

export interface BatchOptions extends ShuffleOptions {
  /** Rows in a batch. */
  batchSize: number;
  /** In a new order? Default false. */
  shuffle?: boolean;
  /** Leave out a last batch with fewer rows? Default false. */
  dropLast?: boolean;
}

/**
 * Examples in memory: columns (inputs first, targets last) with one row an example.
 * @example const digits = new TensorDataset(tensor(pixels, { shape: [1797, 64] }), tensor(labels, { dtype: 'int32' }));
 */
export class TensorDataset<T extends readonly Column[] = readonly AnyTensor[]> {
  readonly columns: readonly AnyTensor[];
  /** Number of examples. */
  readonly length: number;

  constructor(...columns: T) {
    if (columns.length === 0) throw new GradsmithError('ERR_VALUE', 'TensorDataset: expected at least one column');
    this.columns = columns.map((c) => (c instanceof Tensor ? (c as AnyTensor) : (tensor(c as number[]) as AnyTensor)));
    const shapes = this.columns.map((c) => c.shape);
    this.length = shapes[0]![0] ?? 0;
    if (shapes.some((s) => s.length === 0 || s[0] !== this.length)) {
      throw new GradsmithError('ERR_SHAPE', `TensorDataset: columns differ in length: ${shapes.map(show).join(', ')}`);
    }
    // A column that stayed a graph would be computed again at every step.
    evaluateSync(...this.columns);
  }

  /** The rows with these indices, as tensors yet to be computed. */
  rows(indices: Int32Array | readonly number[]): { [K in keyof T]: RowsOf<T[K]> } {
    const at = tensor(Int32Array.from(indices), { dtype: 'int32' }) as Tensor<[number], 'int32'>;
    return this.columns.map((c) => gather(c, at)) as unknown as { [K in keyof T]: RowsOf<T[K]> };
  }

  /**
   * One pass over the examples, a batch at a time: what a hand-written loop iterates over. `Trainer.fit` takes the same batches in the
   * same order for the same seed and epoch.
   */
  *batches(options: BatchOptions): IterableIterator<{ [K in keyof T]: RowsOf<T[K]> }> {
    const { batchSize, shuffle = false, dropLast = false } = options;
    checkBatchSize('batches', batchSize);
    const order = shuffle ? permutation(this.length, options) : Int32Array.from({ length: this.length }, (_, i) => i);
    const end = dropLast ? this.length - (this.length % batchSize) : this.length;
    for (let i = 0; i < end; i += batchSize) yield this.rows(order.subarray(i, Math.min(i + batchSize, end)));
  }

  /**
   * Splits the examples, shuffled, into parts of these shares.
   * @example const [train, test] = digits.split([0.8, 0.2], { seed: 1 });
   */
  split(shares: readonly number[], options: ShuffleOptions = {}): TensorDataset<{ [K in keyof T]: RowsOf<T[K]> }>[] {
    const total = shares.reduce((a, b) => a + b, 0);
    if (shares.some((s) => !(s >= 0)) || Math.abs(total - 1) > 1e-9) {
      throw new GradsmithError('ERR_VALUE', `split: expected shares >= 0 that add up to 1, got ${shares.join(', ')}`);
    }
    const order = permutation(this.length, options);
    let from = 0;
    let share = 0;
    return shares.map((s) => {
      share += s;
      const to = Math.round(share * this.length);
      const rows = this.rows(order.subarray(from, to)) as unknown as AnyTensor[];
      from = to;
      return new TensorDataset(...rows) as unknown as TensorDataset<{ [K in keyof T]: RowsOf<T[K]> }>;
    });
  }
}

export function checkBatchSize(op: string, n: number): void {
  if (!Number.isInteger(n) || n < 1)
    throw new GradsmithError('ERR_VALUE', `${op}: expected a batchSize >= 1, got ${n}`);
}
