import type { Stretch } from './pass.js';

/** Loss and metrics, averaged over examples. */
export type Scores<M extends string = string> = { loss: number } & { [K in M]: number };

/** Averages the outputs of stretches over their rows. */
export class Averages<M extends string> {
  private readonly names: readonly string[];
  private readonly sums: Float64Array;
  private rows = 0;

  constructor(metrics: readonly M[]) {
    this.names = ['loss', ...metrics];
    this.sums = new Float64Array(this.names.length);
  }

  add({ rows, sums }: Stretch): void {
    for (let i = 0; i < sums.length; i++) this.sums[i]! += sums[i]!;
    this.rows += rows;
  }

  /** NaN before the first row. */
  scores(): Scores<M> {
    return Object.fromEntries(this.names.map((name, i) => [name, this.sums[i]! / this.rows])) as Scores<M>;
  }
}
