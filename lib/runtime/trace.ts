import { GradsmithError } from '../errors.js';
import { findPlan } from '../graph/cache.js';
import { dropGradients, observeBackward } from '../graph/gradient.js';
import { type Op, unobserved } from '../graph/op.js';
import type { Plan } from '../graph/plan.js';
import { standardPrecision } from '../graph/precision.js';
import { releaseWalk, walk } from '../graph/walk.js';
import { nextDraw } from '../random.js';
import type { Extent } from '../shape.js';
import {
  type AnyTensor,
  ARGUMENT,
  COMPUTED,
  extraOf,
  NEXT_DRAW,
  NUMBER_ARGUMENT,
  placeholder,
  STORED,
  Tensor,
  tick,
  VALUE,
} from '../tensor.js';
import type { Update } from './commit.js';
import { evaluateSync } from './evaluate.js';
import { type RecordedStep, Recording, record } from './recording.js';
import { storePendingSources } from './run.js';

/** What a function is traced for: any other argument of this kind, shape and dtype can take its place. */
export interface ArgumentSpec {
  /** ARGUMENT or NUMBER_ARGUMENT */
  readonly kind: number;
  readonly extent: Extent;
  readonly type: number;
}

/** What a traced function gives back: places among the plan's outputs, or tensors that are there already. */
export type Result = number | AnyTensor;

export interface Outcome {
  readonly results: readonly Result[];
  /** The results in the form in which the function returned them. */
  readonly assemble: (tensors: AnyTensor[]) => unknown;
}

/** A function's program for arguments of certain shapes. */
export interface Trace {
  readonly arguments: readonly ArgumentSpec[];
  /** What products had that named none: the code. */
  readonly precision: number;
  readonly plan: Plan;
  /** What the plan reads; in the place of an argument its placeholder. */
  readonly leaves: AnyTensor[];
  /** The scalars as they were when the function was traced. */
  readonly scalars: Float64Array;
  /** Places among the leaves, and among the scalars, that arguments take. */
  readonly leafArguments: readonly Place[];
  readonly numberArguments: readonly Place[];
  /** Scalars that are asked for at each call, and those that number random draws. */
  readonly live: readonly { readonly at: number; readonly ask: (step: number) => number }[];
  /** What was said at this call. */
  readonly asked: Float64Array;
  readonly draws: readonly { readonly at: number; readonly offset: number }[];
  /** Random draws that a call takes. */
  readonly drawCount: number;
  readonly targets: readonly AnyTensor[];
  readonly outputs: readonly { readonly extent: Extent; readonly type: number }[];
  /** Holds the outputs of a call on the calling thread until it returns. */
  readonly held: AnyTensor[];
  readonly outcome: Outcome;
  readonly steps: readonly RecordedStep[];
  /** The first call uses the draws that tracing has taken. */
  fresh: boolean;
  readonly firstDraw: number;
}

export interface Place {
  readonly at: number;
  readonly argument: number;
}

/** Traces `f` for arguments like these. */
export function trace(f: (...args: AnyTensor[]) => unknown, specs: readonly ArgumentSpec[]): Trace {
  const holders = specs.map(({ kind, extent, type }) => placeholder(kind, extent, type));
  const recording = new Recording();
  const began = tick();
  const firstDraw = nextDraw();
  const precision = standardPrecision();
  let outcome: Outcome & { readonly roots: AnyTensor[] };
  try {
    const returned = unobserved(() =>
      observeBackward(
        (call) => recording.backwardCalls.add(call),
        () => record(recording, () => f(...holders)),
      ),
    );
    if (returned instanceof Promise) returned.catch(() => {}); // what it says is said below
    if (recording.failure !== null) throw recording.failure;
    outcome = outcomeOf(returned, holders);
    checkGradients(recording);
  } catch (error) {
    for (const { leaves } of recording.backwardCalls) dropGradients(leaves);
    throw error;
  }
  if (nextDraw() < firstDraw)
    throw new GradsmithError('ERR_VALUE', 'compile: the function calls manualSeed(); call it outside');

  const updates = recording.steps.flatMap(({ step }) => step.updates);
  settleOutside([...outcome.roots, ...updates.map((u) => u.value)], began, recording);
  return assemble(holders, specs, recording, outcome, updates, firstDraw, precision);
}

function assemble(
  holders: readonly AnyTensor[],
  specs: readonly ArgumentSpec[],
  recording: Recording,
  outcome: Outcome & { readonly roots: AnyTensor[] },
  updates: readonly Update[],
  firstDraw: number,
  precision: number,
): Trace {
  const targets = updates.map((u) => u.target);
  const values = updates.map((u) => u.value);
  try {
    let plan = findPlan(outcome.roots, values, targets);
    while (plan === null) {
      storePendingSources();
      plan = findPlan(outcome.roots, values, targets);
    }
    const leaves = walk.leaves.slice(0, walk.leafCount);
    const scalars = walk.scalars.slice(0, walk.scalarCount);
    const argumentsOf = (list: readonly AnyTensor[]): Place[] =>
      holders.flatMap((h, argument) => (list.includes(h) ? [{ at: list.indexOf(h), argument }] : []));
    const live = scalars.flatMap(({ perStep: ask }, at) => (ask === null || ask === NEXT_DRAW ? [] : [{ at, ask }]));
    const draws = scalars.flatMap((t, at) => (t.perStep === NEXT_DRAW ? [{ at, offset: t.value - firstDraw }] : []));
    return {
      arguments: specs,
      precision,
      plan,
      leaves,
      scalars: Float64Array.from(scalars, (t) => (t.kind === VALUE ? t.value : 0)),
      leafArguments: argumentsOf(leaves),
      numberArguments: argumentsOf(scalars),
      live,
      asked: new Float64Array(live.length),
      draws,
      drawCount: nextDraw() - firstDraw,
      targets,
      outputs: outcome.roots.map(({ extent, type }) => ({ extent, type })),
      held: new Array(outcome.roots.length),
      outcome: { results: outcome.results, assemble: outcome.assemble },
      steps: recording.steps.map(({ step }) => step),
      fresh: true,
      firstDraw,
    };
  } finally {
    releaseWalk();
  }
}

/** The tensors that were returned, and those of them that the plan must compute. */
function outcomeOf(returned: unknown, holders: readonly AnyTensor[]): Outcome & { readonly roots: AnyTensor[] } {
  const { tensors, assemble } = flatten(returned);
  const roots: AnyTensor[] = [];
  const results = tensors.map((t): Result => {
    const argument = holders.indexOf(t);
    if (argument >= 0) return -1 - argument;
    if (t.kind !== COMPUTED) return t;
    if (!roots.includes(t)) roots.push(t);
    return roots.indexOf(t);
  });
  return { results, roots, assemble };
}

function flatten(returned: unknown): { tensors: AnyTensor[]; assemble: (tensors: AnyTensor[]) => unknown } {
  if (returned === undefined) return { tensors: [], assemble: () => undefined };
  if (returned instanceof Tensor) return { tensors: [returned as AnyTensor], assemble: ([t]) => t };
  if (returned instanceof Promise) {
    throw new GradsmithError(
      'ERR_VALUE',
      'compile: the function is async; call step() without await (its updates become part of the program) and read results outside',
    );
  }
  if (Array.isArray(returned)) {
    for (const [i, t] of returned.entries()) checkResult(t, `item ${i} of the returned array`);
    return { tensors: returned, assemble: (tensors) => [...tensors] };
  }
  if (typeof returned === 'object' && returned !== null) {
    const names = Object.keys(returned);
    for (const [name, t] of Object.entries(returned)) checkResult(t, `${name} of the returned object`);
    const assemble = (tensors: AnyTensor[]) => Object.fromEntries(names.map((name, i) => [name, tensors[i]!]));
    return { tensors: Object.values(returned), assemble };
  }
  throw notTensors(`a ${returned === null ? 'null' : typeof returned}`);
}

function checkResult(t: unknown, where: string): void {
  if (!(t instanceof Tensor)) throw notTensors(`${String(t)} as ${where}`);
}

function notTensors(what: string): GradsmithError {
  return new GradsmithError(
    'ERR_VALUE',
    `compile: expected the function to return a tensor, or an array or object of tensors, got ${what}`,
  );
}

/** Whatever `backward()` has left must have been taken by a step: nobody could read it later. */
function checkGradients({ backwardCalls }: Recording): void {
  for (const { leaves } of backwardCalls) {
    if (leaves.every((l) => l.gradient === null)) continue;
    throw new GradsmithError(
      'ERR_GRADIENT',
      'compile: the function calls backward() and leaves gradients behind; call step() inside it, or return gradients(…)',
    );
  }
}

/**
 * Looks through what was built: what comes from outside the function is computed now, once, as it would be by its first use; random
 * numbers drawn inside are drawn anew by each call. Throws ERR_STALE where a parameter is used after a step that updates it.
 */
function settleOutside(roots: readonly AnyTensor[], began: number, { steps }: Recording): void {
  const updated = new Map<AnyTensor, number>();
  for (const { step, time } of steps) for (const u of step.updates) updated.set(u.target, time);
  const seen = new Set<AnyTensor>(roots);
  const outside: AnyTensor[] = [];
  const stack = [...seen];
  while (stack.length > 0) {
    const t = stack.pop()!;
    if (t.kind !== COMPUTED || (t.op as Op | null)?.constant) continue;
    if (t.time < began) {
      outside.push(t);
      continue;
    }
    if (t.source) extraOf(t).source = false;
    for (const x of t.inputs) {
      if ((updated.get(x) ?? Number.POSITIVE_INFINITY) <= t.time) {
        throw new GradsmithError(
          'ERR_STALE',
          'compile: the function uses a parameter after the step() that updates it; compile what follows as a function of its own',
        );
      }
      if (seen.has(x)) continue;
      seen.add(x);
      stack.push(x);
    }
  }
  if (outside.length > 0) evaluateSync(...outside);
}

/** The spec of an argument; null where it must be computed first. */
export function specOf(argument: unknown, position: number, numberSpec: ArgumentSpec): ArgumentSpec | null {
  if (typeof argument === 'number') return numberSpec;
  if (!(argument instanceof Tensor))
    throw new GradsmithError('ERR_VALUE', `compile: argument ${position} is neither a tensor nor a number`);
  const t = argument as AnyTensor;
  if (t.needsGrad) {
    throw new GradsmithError(
      'ERR_GRADIENT',
      `compile: argument ${position} needs gradients, which end at the call; let the function find parameters by itself, or pass stopGradient(…)`,
    );
  }
  if (t.kind === COMPUTED || t.pending !== null) return null;
  return { kind: t.kind === VALUE ? NUMBER_ARGUMENT : ARGUMENT, extent: t.extent, type: t.type };
}

/** Does this argument fit? Asked at every call. */
export function fits(argument: unknown, { kind, extent, type }: ArgumentSpec): boolean {
  if (typeof argument === 'number') return kind === NUMBER_ARGUMENT && extent.rank === 0 && type === 0;
  const t = argument as AnyTensor;
  return (
    t instanceof Tensor &&
    t.extent === extent &&
    t.type === type &&
    t.kind === (kind === ARGUMENT ? STORED : VALUE) &&
    !t.needsGrad &&
    t.pending === null
  );
}
