import { isFloat, nameOf } from '../dtype.js';
import { GradsmithError } from '../errors.js';
import { type Extent, show } from '../shape.js';
import { type AnyTensor, type BackwardCall, provideBackward } from '../tensor.js';
import { nodesAreObserved, type Op } from './op.js';

// Reverse mode over nodes. The gradients are nodes too, so gradients of gradients need nothing more, and nothing is computed here.

/** The few ops that the driver itself needs; `ops/driver.ts` provides them. */
export interface DriverOps {
  add(a: AnyTensor, b: AnyTensor): AnyTensor;
  /** Sums over the dimensions along which `to` was broadcast. */
  sumTo(x: AnyTensor, to: Extent): AnyTensor;
  onesLike(x: AnyTensor): AnyTensor;
}
let ops: DriverOps | null = null;
export function provideDriverOps(provided: DriverOps): void {
  ops = provided;
}

let walk = 0;
// Scratch of one walk, emptied after it so that it keeps no graph alive.
const order: (AnyTensor | null)[] = [];
const stack: (AnyTensor | null)[] = [];
const nextInput: number[] = [];

/**
 * Post-order over the nodes behind `root` through which a gradient flows; returns how many. Their `mark` is the walk, `index` the place.
 * Iterative: graphs of recurrent nets are deep.
 */
function differentiableOrder(root: AnyTensor, opName: string): number {
  const id = --walk; // negative, so that it never meets the marks of plan walks
  let n = 0;
  let top = 0;
  root.mark = id;
  stack[0] = root;
  nextInput[0] = 0;
  while (top >= 0) {
    const t = stack[top]!;
    const { inputs } = t;
    let i = nextInput[top]!;
    while (i < inputs.length && !(inputs[i]!.needsGrad && inputs[i]!.mark !== id)) i++;
    if (i < inputs.length) {
      const x = inputs[i]!;
      x.mark = id;
      nextInput[top++] = i + 1;
      stack[top] = x;
      nextInput[top] = 0;
      continue;
    }
    stack[top--] = null;
    checkFresh(t, opName);
    t.index = n;
    order[n++] = t;
  }
  return n;
}

/** A node whose parameter was overwritten after it was built would be differentiated at the wrong place. */
function checkFresh(t: AnyTensor, opName: string): void {
  for (let i = 0; i < t.inputs.length; i++) {
    if (t.inputs[i]!.time > t.time) throw staleError(opName, t.inputs[i]!);
  }
}

export function staleError(opName: string, input: AnyTensor): GradsmithError {
  return new GradsmithError(
    'ERR_STALE',
    `${opName}: a parameter of shape ${show(input.extent.dims)} was updated after this tensor was built from its old value; ` +
      'read it before the step, rebuild it after, or pass it to keep() so that the step computes it too',
  );
}

type OnLeaf = (t: AnyTensor, grad: AnyTensor) => void;

/** Builds the gradients of everything behind `root`, whose own is `seed`; calls `leaf` for each end of the graph, and for each of `stops`. */
function reverse(root: AnyTensor, opName: string, seed: AnyTensor, leaf: OnLeaf, stops: Set<AnyTensor> | null): void {
  let n = 0;
  try {
    n = differentiableOrder(root, opName);
    const grads: (AnyTensor | null)[] = [];
    for (let i = 1; i < n; i++) grads.push(null);
    grads.push(seed);
    // In eager mode building a gradient runs plans, whose walks use `index` too.
    const places = nodesAreObserved() ? new Map(order.slice(0, n).map((t, i) => [t!, i])) : null;
    for (let i = n - 1; i >= 0; i--) {
      const t = order[i]!;
      const g = grads[i]!;
      if (g === null) continue;
      if (t.op === null || stops?.has(t)) leaf(t, g);
      if (t.op !== null) spread(t, g, grads, places);
    }
  } finally {
    release(n);
  }
}

/** Adds the gradients of t's inputs to those that are there; broadcasting is undone here, once for all ops. */
function spread(t: AnyTensor, g: AnyTensor, grads: (AnyTensor | null)[], places: Map<AnyTensor, number> | null): void {
  const { inputs } = t;
  const inputGrads = (t.op as Op).gradient!(inputs, t, g, t.attr);
  for (let k = 0; k < inputs.length; k++) {
    const x = inputs[k]!;
    let gx = inputGrads[k];
    if (!x.needsGrad || gx === null || gx === undefined) continue;
    if (gx.extent !== x.extent) gx = ops!.sumTo(gx, x.extent);
    const at = places === null ? x.index : places.get(x)!;
    const sum = grads[at]!;
    grads[at] = sum === null ? gx : ops!.add(sum, gx);
  }
}

function release(n: number): void {
  for (let i = 0; i < n; i++) order[i] = null;
  if (n > 4096 || n === 0) order.length = 0;
  if (stack[0] !== null) stack.length = 0; // a walk that threw
}

/** Told of each call of `backward()` while a function is traced. */
let onBackward: ((call: BackwardCall) => void) | null = null;
export function observeBackward<R>(observer: (call: BackwardCall) => void, f: () => R): R {
  const before = onBackward;
  onBackward = observer;
  try {
    return f();
  } finally {
    onBackward = before;
  }
}

function backward(loss: AnyTensor): void {
  checkDifferentiable(loss, 'backward');
  if (loss.extent.size !== 1) {
    throw new GradsmithError(
      'ERR_GRADIENT',
      `backward: expected a loss of one element, got shape ${show(loss.extent.dims)}; reduce it with sum() or mean()`,
    );
  }
  const call: BackwardCall = { loss, leaves: [], taken: false };
  onBackward?.(call);
  reverse(
    loss,
    'backward',
    ops!.onesLike(loss),
    (t, g) => {
      const earlier = t.gradient;
      const node = earlier === null ? g : ops!.add(earlier.node, g);
      t.gradient = node.gradient = { node, call, earlier };
      call.leaves.push(t);
    },
    null,
  );
}
provideBackward(backward);

function checkDifferentiable(y: AnyTensor, opName: string): void {
  if (!isFloat(y.type))
    throw new GradsmithError('ERR_GRADIENT', `${opName}: expected a float tensor, got ${nameOf(y.type)}`);
  if (!y.needsGrad) {
    throw new GradsmithError(
      'ERR_GRADIENT',
      `${opName}: this tensor depends on no parameter (was it computed from plain tensors, cut by stopGradient, or consumed by a step?)`,
    );
  }
}

/**
 * The gradients of `y` (one element, or weighted by `dy`) with respect to `xs`, as tensors that can be differentiated again.
 * `xs` may be parameters or anything computed from them; where `y` does not depend on x, the gradient is null.
 * @throws ERR_GRADIENT when `y` has more than one element and no `dy` is given.
 */
export function gradientsOf(y: AnyTensor, xs: readonly AnyTensor[], dy: AnyTensor | null): (AnyTensor | null)[] {
  checkDifferentiable(y, 'gradients');
  if (dy === null && y.extent.size !== 1) {
    throw new GradsmithError(
      'ERR_GRADIENT',
      `gradients: expected y of one element or a dy, got shape ${show(y.extent.dims)}`,
    );
  }
  if (dy !== null && dy.extent !== y.extent) {
    throw new GradsmithError(
      'ERR_SHAPE',
      `gradients: dy must have y's shape ${show(y.extent.dims)}, got ${show(dy.extent.dims)}`,
    );
  }
  const found = new Map<AnyTensor, AnyTensor>();
  reverse(y, 'gradients', dy ?? ops!.onesLike(y), (t, g) => found.set(t, g), new Set(xs));
  return xs.map((x) => found.get(x) ?? null);
}

/** What an optimizer's step takes; all of it is the caller's from then on. */
export interface TakenGradients {
  /** Of the parameters; null where there is none. */
  readonly grads: (AnyTensor | null)[];
  /**
   * What must be computed before the parameters change: the losses that the gradients came from, and the gradients which these have left
   * for other parameters. Other optimizers take those, or a later `backward()` adds to them.
   */
  readonly outputs: AnyTensor[];
  /** The calls of `backward()` whose gradients are among them. */
  readonly calls: readonly BackwardCall[];
}

export function takeGradients(params: readonly AnyTensor[]): TakenGradients {
  const grads = new Array<AnyTensor | null>(params.length);
  const calls: BackwardCall[] = [];
  for (let i = 0; i < params.length; i++) {
    const { gradient } = params[i]!;
    grads[i] = gradient === null ? null : gradient.node;
    for (let g = gradient; g !== null; g = g.earlier) {
      if (g.call.taken) continue;
      g.call.taken = true;
      calls.push(g.call);
    }
  }
  dropGradients(params);
  const outputs: AnyTensor[] = [];
  for (const { loss, leaves } of calls) {
    outputs.push(loss);
    for (const l of leaves)
      if (l.gradient !== null && !outputs.includes(l.gradient.node)) outputs.push(l.gradient.node);
  }
  return { grads, outputs, calls };
}

/** What `takeGradients()` would take, left where it is. */
export function peekGradients(params: readonly AnyTensor[]): TakenGradients {
  const held = params.map((p) => p.gradient);
  const taken = takeGradients(params);
  for (const call of taken.calls) call.taken = false;
  for (const [i, gradient] of held.entries()) {
    if (gradient === null) continue;
    params[i]!.gradient = gradient;
    gradient.node.gradient = gradient;
  }
  return taken;
}

/** Forgets the gradients of these parameters, as `zeroGrad()` does. */
export function dropGradients(params: readonly AnyTensor[]): void {
  for (const p of params) {
    if (p.gradient === null) continue;
    p.gradient.node.gradient = null;
    p.gradient = null;
  }
}

/** Is this tensor the pending gradient of a parameter? */
export function isPendingGradient(t: AnyTensor): boolean {
  return t.gradient !== null && !t.mutable;
}

/** Everything that the `backward()` calls behind these pending gradients have asked for: losses, then gradients. */
export function pendingWith(gradients: readonly AnyTensor[]): Set<AnyTensor> {
  const calls = new Set<BackwardCall>();
  for (const t of gradients) for (let g = t.gradient; g !== null; g = g.earlier) calls.add(g.call);
  const roots = new Set<AnyTensor>();
  for (const { loss } of calls) roots.add(loss);
  for (const { leaves } of calls) for (const l of leaves) if (l.gradient !== null) roots.add(l.gradient.node);
  return roots;
}
