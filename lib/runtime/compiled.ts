import { FLOAT32 } from '../dtype.js';
import { GradsmithError } from '../errors.js';
import { standardPrecision } from '../graph/precision.js';
import { nextDraw, skipDraws } from '../random.js';
import { SCALAR, type Shape } from '../shape.js';
import { type AnyTensor, COMPUTED, NUMBER_ARGUMENT, type PendingJob, Tensor } from '../tensor.js';
import { type BoundArrays, bindBuffers, failTargets, releaseArrays, setScalar, settle } from './bind.js';
import { QUEUE_DEPTH, room } from './commit.js';
import { evaluate, evaluateSync } from './evaluate.js';
import { drain, enqueue, failTensors, jobCount } from './jobs.js';
import { recording } from './recording.js';
import { INLINE_NS, markWritten, prepare, runStep } from './run.js';
import { type ArgumentSpec, fits, specOf, type Trace, trace } from './trace.js';
import { aTurn, turnIsDue } from './turn.js';

/** As many traces of a function are kept: those that were used last. */
const MOST_TRACES = 16;
/** A number is a tensor of rank 0. */
const NUMBER: ArgumentSpec = { kind: NUMBER_ARGUMENT, extent: SCALAR, type: FLOAT32 };

const NONE: AnyTensor[] = [];

/** A function, and its traces by the kinds, shapes and dtypes of its arguments and the precision of products. Public as `compile()`. */
export class CompiledFunction {
  private readonly f: (...args: AnyTensor[]) => unknown;
  /** The one that was used last comes first. */
  readonly traces: Trace[] = [];
  private tracing = false;
  /** What the last call waits for; null where it has run. */
  private job: PendingJob | null = null;

  constructor(f: (...args: AnyTensor[]) => unknown) {
    this.f = f;
  }

  /** Resolves when there is room for the next call, as a step does; at once, without a hop, where the program is small. */
  call(args: readonly unknown[]): Promise<unknown> {
    try {
      if (recording() !== null) throw nested();
      const t = this.find(args);
      if (t === null) return this.later(args);
      const result = this.run(t, args, false);
      if (this.job === null) return turnIsDue() ? aTurn().then(() => result) : Promise.resolve(result);
      return jobCount() > QUEUE_DEPTH ? room().then(() => result) : Promise.resolve(result);
    } catch (error) {
      return Promise.reject(error);
    }
  }

  /** Blocks until the results are there. Inside another function that is traced, it is part of that one. */
  callSync(args: readonly unknown[]): unknown {
    if (recording() !== null) return this.inline(args);
    let t = this.find(args);
    if (t === null) {
      evaluateSync(...uncomputed(args));
      t = this.find(args)!;
    }
    drain();
    return this.run(t, args, true);
  }

  private async later(args: readonly unknown[]): Promise<unknown> {
    await evaluate(...uncomputed(args));
    return this.call(args);
  }

  private inline(args: readonly unknown[]): unknown {
    if (this.tracing) throw new GradsmithError('ERR_VALUE', 'compile: the function calls itself while it is traced');
    this.tracing = true;
    try {
      return this.f(...(args as AnyTensor[]));
    } finally {
      this.tracing = false;
    }
  }

  /** The trace for these arguments, made if need be; null where an argument must be computed first. */
  private find(args: readonly unknown[]): Trace | null {
    const { traces } = this;
    for (let i = 0; i < traces.length; i++) {
      const t = traces[i]!;
      if (!matches(t, args)) continue;
      if (!holds(t)) {
        traces.splice(i, 1);
        break;
      }
      if (i > 0) traces.unshift(...traces.splice(i, 1));
      return t;
    }
    const specs: ArgumentSpec[] = [];
    for (const [i, a] of args.entries()) {
      const spec = specOf(a, i, NUMBER);
      if (spec === null) return null;
      specs.push(spec);
    }
    this.tracing = true;
    try {
      traces.unshift(trace(this.f, specs));
    } finally {
      this.tracing = false;
    }
    if (traces.length > MOST_TRACES) traces.pop();
    return traces[0]!;
  }

  private run(t: Trace, args: readonly unknown[], blocking: boolean): unknown {
    const { plan } = t;
    askLive(t); // before all else: whoever is asked may run something himself
    prepare(plan); // again, if it has left the cache
    if (blocking || (jobCount() === 0 && plan.cost < INLINE_NS)) {
      this.job = null;
      return runHere(t, args);
    }
    const arrays = bindCall(t, args, false);
    const outputs: AnyTensor[] = new Array(t.outputs.length);
    freshOutputs(t, outputs);
    const job = enqueue(plan, arrays, (error) => finish(t, outputs, arrays, error));
    for (const o of outputs) o.pending = job;
    this.job = job;
    advance(t, 1);
    return result(t, args, outputs);
  }
}

/** A call on the calling thread. It leaves the collector what it returns, and no array beside it. */
function runHere(t: Trace, args: readonly unknown[]): unknown {
  const { plan, held } = t;
  const arrays = bindCall(t, args, true);
  try {
    runStep(plan, arrays);
    advance(t, 1);
    freshOutputs(t, held);
    settle(plan, held, arrays, true);
    return result(t, args, held);
  } finally {
    releaseArrays(arrays);
    for (let i = 0; i < held.length; i++) held[i] = PLACE;
  }
}

function matches({ arguments: specs, precision }: Trace, args: readonly unknown[]): boolean {
  if (specs.length !== args.length || precision !== standardPrecision()) return false;
  for (let i = 0; i < specs.length; i++) if (!fits(args[i], specs[i]!)) return false;
  return true;
}

function holds({ steps }: Trace): boolean {
  for (let i = 0; i < steps.length; i++) if (!steps[i]!.holds()) return false;
  return true;
}

function askLive({ live, asked }: Trace): void {
  for (let i = 0; i < live.length; i++) asked[i] = live[i]!.ask(0);
}

/** Everything that a run reads by pointer, and the arrays beside it. */
function bindCall(t: Trace, args: readonly unknown[], reuse: boolean): BoundArrays {
  const { plan, leaves, leafArguments, numberArguments, scalars, live, asked } = t;
  for (let i = 0; i < leafArguments.length; i++) {
    const { at, argument } = leafArguments[i]!;
    const a = args[argument] as AnyTensor;
    if (a.mutable && t.targets.includes(a)) {
      throw new GradsmithError(
        'ERR_VALUE',
        `compile: argument ${argument} is state that the function overwrites; let the function find it by itself`,
      );
    }
    leaves[at] = a;
  }
  let arrays: BoundArrays;
  try {
    arrays = bindBuffers(plan, leaves, reuse);
  } finally {
    for (let i = 0; i < leafArguments.length; i++) leaves[leafArguments[i]!.at] = PLACE; // a trace keeps no argument alive
  }
  for (let i = 0; i < scalars.length; i++) setScalar(i, scalars[i]!);
  for (let i = 0; i < live.length; i++) setScalar(live[i]!.at, asked[i]!);
  for (let i = 0; i < numberArguments.length; i++) {
    const { at, argument } = numberArguments[i]!;
    const a = args[argument];
    setScalar(at, typeof a === 'number' ? a : (a as AnyTensor).value);
  }
  if (t.drawCount > 0) bindDraws(t);
  return arrays;
}

const PLACE = new Tensor<Shape>(null, NONE, 0, SCALAR, FLOAT32, false) as AnyTensor;

function bindDraws(t: Trace): void {
  const first = t.fresh ? t.firstDraw : nextDraw();
  if (!t.fresh) skipDraws(t.drawCount);
  t.fresh = false;
  for (const { at, offset } of t.draws) setScalar(at, first + offset);
}

function freshOutputs({ outputs }: Trace, into: AnyTensor[]): void {
  for (let i = 0; i < outputs.length; i++) {
    const { extent, type } = outputs[i]!;
    into[i] = new Tensor<Shape>(null, NONE, 0, extent, type, false) as AnyTensor;
  }
}

/** The steps of the function have been taken (n = 1), or have failed (n = -1). */
function advance(t: Trace, n: number): void {
  const { steps, targets } = t;
  for (let i = 0; i < steps.length; i++) steps[i]!.advance(n);
  markWritten(targets);
}

function finish(t: Trace, outputs: readonly AnyTensor[], arrays: BoundArrays, error: Error | null): void {
  if (error === null) {
    settle(t.plan, outputs, arrays, true);
    return;
  }
  advance(t, -1);
  failTensors(outputs, error);
  failTargets(t.targets, error);
}

function result({ outcome }: Trace, args: readonly unknown[], outputs: AnyTensor[]): unknown {
  const { results } = outcome;
  if (results.length === 1 && results[0] === 0) return outcome.assemble(outputs);
  const tensors = results.map((r) => {
    if (typeof r !== 'number') return r;
    return r >= 0 ? outputs[r]! : (args[-1 - r] as AnyTensor);
  });
  return outcome.assemble(tensors);
}

function uncomputed(args: readonly unknown[]): AnyTensor[] {
  return (args as AnyTensor[]).filter((a) => a instanceof Tensor && a.kind === COMPUTED);
}

function nested(): GradsmithError {
  return new GradsmithError(
    'ERR_VALUE',
    'compile: a compiled function is called inside another; call its .sync form there, which becomes part of the other',
  );
}
