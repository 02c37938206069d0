/** Milliseconds between two reports of progress. */
const INTERVAL = 100;
/** About how long one native call of a fit takes; whoever else wants the executor may find one that runs and one that waits. */
const CALL = 50;
/** Rates are those of about the last second. */
const MEMORY = 1000;

/** How fast a fit goes: how many steps the next native call should take, and what to say of the speed. */
export class Pace {
  private readonly clock: () => number;
  private readonly began: number;
  private nextSteps = 16;
  /** When the calls that are queued began, or were queued behind another. */
  private readonly begun: number[] = [];
  private lastEnd: number;
  private lastReport = Number.NEGATIVE_INFINITY;
  // Sums over the past that fade: steps and milliseconds of everything, rows and milliseconds of training alone.
  private ends = 0;
  private steps = 0;
  private wall = 0;
  private rows = 0;
  private trained = 0;

  /** @param clock in milliseconds */
  constructor(clock: () => number = () => performance.now()) {
    this.clock = clock;
    this.began = this.lastEnd = clock();
  }

  /** A native call is about to be queued; it should take so many steps. */
  begin(): number {
    const now = this.clock();
    if (this.ends === 0 && this.begun.length === 0) this.lastEnd = now;
    this.begun.push(now);
    return this.nextSteps;
  }

  /** The call that was queued first has done these steps and rows. */
  end(steps: number, rows: number): void {
    const now = this.clock();
    const took = Math.max(now - Math.max(this.begun.shift()!, this.lastEnd), 0.001);
    const since = Math.max(now - this.lastEnd, 0.001);
    // The first call finds cold caches: it says nothing of those to come.
    const fade = this.ends++ === 1 ? 0 : Math.exp(-since / MEMORY);
    this.steps = this.steps * fade + steps;
    this.wall = this.wall * fade + since;
    this.rows = this.rows * fade + rows;
    this.trained = this.trained * fade + took;
    this.lastEnd = now;
    this.nextSteps = Math.max(1, Math.round(Math.min((steps * CALL) / took, this.nextSteps * 8)));
  }

  /** Will it be time to report once so many steps are done? At the first question, and then every so often. */
  due(steps: number): boolean {
    const then = this.clock() + (this.ends === 0 ? 0 : (steps * this.trained) / this.steps);
    if (then - this.lastReport < INTERVAL) return false;
    this.lastReport = then;
    return true;
  }

  /** While training. */
  get samplesPerSecond(): number {
    return (1000 * this.rows) / this.trained;
  }

  /** For so many further steps, with all that goes with them. */
  secondsFor(steps: number): number {
    return (steps * this.wall) / this.steps / 1000;
  }

  /** Since the fit began. */
  get seconds(): number {
    return (this.clock() - this.began) / 1000;
  }
}
