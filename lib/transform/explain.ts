import { GradsmithError } from '../errors.js';
import { decodePlan } from '../graph/decode.js';
import { listing } from '../graph/listing.js';
import type { Plan } from '../graph/plan.js';
import { rootsOf } from '../runtime/evaluate.js';
import { planFor } from '../runtime/run.js';
import { show } from '../shape.js';
import { type AnyTensor, Tensor } from '../tensor.js';
import { type Compilable, type Compiled, compiledFunctionOf } from './compile.js';

/**
 * The plan behind a compiled function (one for each shape it was called with), or the one that would compute these pending tensors: a
 * line for each instruction, with dtype and shape, where it writes and reads, the ops that were fused, bytes and FLOPs; after a `profile()` of
 * it also the time that it took. `by [1, 64]` are strides; `in place`: the result takes the memory of an operand.
 * @throws ERR_VALUE for tensors that have their elements already, and functions that were not called yet.
 * @example const triple = compile((x: Tensor<[2]>) => mul(x, 3)); triple.sync(tensor([1, 2])); explain(triple).split('\n').length // 2
 */
export function explain(target: AnyTensor | readonly AnyTensor[] | Compiled<never, Compilable>): string {
  if (typeof target === 'function') return explainCompiled(target);
  const tensors = (Array.isArray(target) ? target : [target]) as AnyTensor[];
  for (const t of tensors)
    if (!(t instanceof Tensor))
      throw new GradsmithError('ERR_VALUE', `explain: expected tensors or a compiled function, got ${String(t)}`);
  const outputs = rootsOf(tensors);
  if (outputs.length === 0)
    throw new GradsmithError('ERR_VALUE', 'explain: there is nothing to compute; ask before the tensor is read');
  return text(planFor({ outputs, values: [], targets: [], forget: false, onFailure: null }));
}

function explainCompiled(target: object): string {
  const inner = compiledFunctionOf(target);
  if (inner === undefined)
    throw new GradsmithError('ERR_VALUE', 'explain: expected a compiled function; make one with compile(…)');
  if (inner.traces.length === 0)
    throw new GradsmithError('ERR_VALUE', 'explain: the compiled function has not been called yet, so it has no plan');
  return inner.traces
    .map(({ arguments: specs, plan }) => {
      const shapes = specs.map((s) => show(s.extent.dims)).join(', ');
      return `arguments (${shapes}): ${text(plan)}`;
    })
    .join('\n\n');
}

function text(plan: Plan): string {
  return listing(decodePlan(plan.words), plan.times);
}
