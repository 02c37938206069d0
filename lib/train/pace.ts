/** Milliseconds between two reports of progress; also how long one native call of a fit takes. */
const INTERVAL = 100;

/** Chooses how many steps the next native call takes, so that progress is reported a few times a second whatever a step costs. */
export class Pace {
  private readonly began = performance.now();
  private last = this.began;
  private next = 16;

  get steps(): number {
    return this.next;
  }

  /** `steps` have been done since the last call. */
  done(steps: number): void {
    const now = performance.now();
    const fitting = (steps * INTERVAL) / Math.max(now - this.last, 0.01);
    this.next = Math.max(1, Math.round(Math.min(fitting, this.next * 8)));
    this.last = now;
  }

  /** Time that is not training (validation, the caller's own work) does not count. */
  resume(): void {
    this.last = performance.now();
  }

  get seconds(): number {
    return (performance.now() - this.began) / 1000;
  }
}
