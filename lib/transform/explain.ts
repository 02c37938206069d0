import { GradsmithError } from '../errors.js';
import { decodePlan } from '../graph/decode.js';
import { listing } from '../graph/listing.js';
import type { Plan } from '../graph/plan.js';
import type { CompiledFunction } from '../runtime/compiled.js';
import { rootsOf } from '../runtime/evaluate.js';
import { planFor } from '../runtime/run.js';
import { show } from '../shape.js';
import { type AnyTensor, Tensor } from '../tensor.js';

/** The key under which an object says what it runs. */
export const EXPLANATION: unique symbol = Symbol('explanation');

/** What `explain()` can speak of besides tensors: compiled functions, optimizers and trainers. */
export interface Explainable {
  /** The plans that it runs, in words. */
  [EXPLANATION](): string;
}

/**
 * What native code runs, in words: a line for each instruction, with dtype and shape, where it writes and reads, the ops that were fused,
 * bytes and FLOPs. `by [1, 64]` are strides; `in place`: the result takes the memory of an operand. After a `profile()` of it, a line ends with
 * the time that the instruction took, the mean of its steps. Nothing is computed.
 *
 * - tensors: the plan that would compute them;
 * - an optimizer after `backward()`: the plan of the step that it would take now, with the losses and what `keep()` was told;
 * - a compiled function: its plans, one for each shape that it was called with;
 * - a `Trainer`: those of the last `fit` and `evaluate`, one for full batches and one for the rows that were left over, and those of
 *   `predict`, one for each shape.
 * @throws ERR_VALUE for tensors that have their elements already, and for functions and trainers that have run nothing yet; ERR_GRADIENT for
 * an optimizer without gradients; ERR_STALE as reading the tensors or taking the step would.
 * @example const triple = compile((x: Tensor<[2]>) => mul(x, 3)); triple.sync(tensor([1, 2])); explain(triple).split('\n').length // 2
 * @example
 * const line = new Linear(2, 1);
 * const sgd = new SGD(line.parameters(), { learningRate: 0.1 });
 * sum(line.forward(tensor([[1, 2]]))).backward();
 * explain(sgd).includes('(in place)') // true
 * @example
 * const trainer = new Trainer({ model, loss: crossEntropy, optimizer });
 * await trainer.predict(x);
 * explain(trainer).startsWith('predict ([1797, 64]): plan of') // true
 */
export function explain(target: AnyTensor | readonly AnyTensor[] | Explainable): string {
  const tensors: readonly unknown[] = Array.isArray(target) ? target : [target];
  const [first] = tensors;
  if (tensors.length === 1 && isExplainable(first)) return first[EXPLANATION]();
  for (const t of tensors) {
    if (t instanceof Tensor) continue;
    const remedy = typeof t === 'function' ? '; make a function one with compile(…)' : '';
    const got = typeof t === 'function' ? 'a function' : String(t);
    throw new GradsmithError(
      'ERR_VALUE',
      `explain: expected tensors, a compiled function, an optimizer or a trainer, got ${got}${remedy}`,
    );
  }
  const outputs = rootsOf(tensors as AnyTensor[]);
  if (outputs.length === 0)
    throw new GradsmithError('ERR_VALUE', 'explain: there is nothing to compute; ask before the tensor is read');
  return planText(planFor({ outputs, values: [], targets: [], forget: false, onFailure: null }));
}

function isExplainable(x: unknown): x is Explainable {
  return (typeof x === 'object' || typeof x === 'function') && x !== null && EXPLANATION in x;
}

/** @internal A plan, and the times of the last profile. */
export function planText(plan: Plan): string {
  return listing(decodePlan(plan.words), plan.times);
}

/** @internal The plans of a traced function, one for each combination of arguments: `title (shapes): plan of …`. */
export function tracesText(title: string, { traces }: CompiledFunction): string[] {
  return traces.map(({ arguments: specs, plan }) => {
    const shapes = specs.map((s) => show(s.extent.dims)).join(', ');
    return `${title} (${shapes}): ${planText(plan)}`;
  });
}
