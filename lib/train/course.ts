import type { Pace } from './pace.js';
import type { Pass, QueuedStretch, Stretch } from './pass.js';

export interface CourseOptions {
  readonly pass: Pass;
  readonly pace: Pace;
  readonly epochs: number;
  readonly signal: AbortSignal | undefined;
  /** Does nobody need the model between two epochs? */
  readonly straightOn: boolean;
  /** Are there reports of progress to be made? */
  readonly reports: boolean;
  /** The number of the next step, and the order of an epoch, once it is about to be queued. */
  readonly stepCount: () => number;
  readonly prepare: (epoch: number) => void;
}

/** Some steps of one epoch. */
interface Leg {
  readonly epoch: number;
  readonly endsEpoch: boolean;
  /** Is progress to be reported after it? Then nothing is queued behind it, so that whoever is told finds the model as it was then. */
  readonly reports: boolean;
  readonly queued: QueuedStretch;
}

export interface LegDone extends Leg {
  readonly stretch: Stretch;
}

/**
 * The steps of a fit, stretch by stretch. While one runs the next is queued already, so that the cores go on without a pause, unless
 * somebody needs the model as it is between the two. A stretch does nothing if the one before it was stopped or has failed.
 */
export class Course {
  private readonly options: CourseOptions;
  private ahead: Leg | null = null;
  private epoch = -1;

  constructor(options: CourseOptions) {
    this.options = options;
  }

  /** The next stretch, once it is done. */
  async next(): Promise<LegDone> {
    const leg = this.ahead ?? this.queue(null);
    this.ahead = this.goesStraightOn(leg) ? this.queue(leg) : null;
    const stretch = await leg.queued.stretch;
    this.options.pace.end(stretch.steps, stretch.rows);
    return { ...leg, stretch };
  }

  /** What had been queued ahead when the course ended early: how many steps that has done. */
  async rest(): Promise<number> {
    const { ahead } = this;
    this.ahead = null;
    if (ahead === null) return 0;
    return ahead.queued.stretch.then(
      ({ steps }) => steps,
      () => 0, // it has done none, or failed as the course has
    );
  }

  private goesStraightOn({ endsEpoch, epoch, reports }: Leg): boolean {
    const { epochs, signal, straightOn } = this.options;
    return !reports && !signal?.aborted && (!endsEpoch || (straightOn && epoch + 1 < epochs));
  }

  private queue(before: Leg | null): Leg {
    const { pass, pace, epochs, signal, reports, stepCount, prepare } = this.options;
    if (this.epoch < 0 || pass.queuedAll) {
      prepare(++this.epoch);
      pass.start(before === null ? stepCount() : pass.nextStep);
    }
    const queued = pass.queue(() => pace.begin(), signal, before?.queued);
    const endsEpoch = pass.queuedAll;
    const isLast = endsEpoch && this.epoch + 1 === epochs;
    return { epoch: this.epoch, endsEpoch, reports: reports && (pace.due(queued.steps) || isLast), queued };
  }
}
