import type { DType } from '../dtype.js';
import { GradsmithError } from '../errors.js';
import { CompiledFunction } from '../runtime/compiled.js';
import type { Shape } from '../shape.js';
import type { AnyTensor, Tensor } from '../tensor.js';
import { EXPLANATION, type Explainable, tracesText } from './explain.js';

/** What a function that is compiled may return. */
// biome-ignore lint/suspicious/noConfusingVoidType: a function that only takes a step returns nothing
export type Compilable = AnyTensor | readonly AnyTensor[] | Readonly<Record<string, AnyTensor>> | void;

/** The arguments of a call: tensors, and numbers where the function takes a tensor of rank 0. */
export type CallArguments<A extends readonly AnyTensor[]> = {
  [I in keyof A]: A[I] extends Tensor<infer S extends Shape, DType> ? ([] extends S ? A[I] | number : A[I]) : never;
};

/** A function whose graph is built once for all arguments of one shape. */
export interface Compiled<A extends readonly AnyTensor[], R extends Compilable> extends Explainable {
  /**
   * Resolves when there is room for the next call, as a step does: at once where the program is small. Results that are still being
   * computed are waited for by whoever reads them.
   */
  (...args: CallArguments<A>): Promise<R>;
  /** The same, blocking the event loop until the results are there. Inside another compiled function, it becomes part of that one. */
  sync(...args: CallArguments<A>): R;
}

/**
 * Traces `f` once for each combination of its arguments' shapes and dtypes and the default precision of products (the last 16 are kept);
 * later calls build no graph, they bind and run the plan. Parameters and other tensors that `f` finds by itself are captured by identity.
 * It may call `backward()` and optimizers' `step()` (without `await`): their updates become part of the program, and step counts, learning
 * rates and random draws go on from call to call as in a loop that is not compiled, with the same bits.
 *
 * JavaScript values that `f` reads (numbers, flags, the modules of a model) are those of the first call. What changes from call to call is
 * an argument: a tensor, or a number where `f` takes a float32 tensor of rank 0. Arguments carry no gradients.
 * @throws ERR_VALUE when `f` is async, reads a tensor, or returns something else than tensors; ERR_GRADIENT when it leaves gradients behind;
 * ERR_STALE when it uses a parameter after the step that updates it.
 * @example
 * const w = parameter(tensor([1, 2]));
 * const sgd = new SGD([w], { learningRate: 0.5 });
 * const step = compile((x: Tensor<[2]>) => {
 *   const loss = sum(square(sub(w, x)));
 *   loss.backward();
 *   sgd.step();
 *   return loss;
 * });
 * const loss = await step(tensor([0, 0]));
 * await loss.item() // 5
 */
export function compile<A extends readonly AnyTensor[], R extends Compilable>(f: (...args: A) => R): Compiled<A, R> {
  if (typeof f !== 'function') throw new GradsmithError('ERR_VALUE', `compile: expected a function, got ${String(f)}`);
  const inner = new CompiledFunction(f as unknown as (...args: AnyTensor[]) => unknown);
  const compiled = ((...args: unknown[]) => inner.call(args)) as unknown as Compiled<A, R>;
  compiled.sync = ((...args: unknown[]) => inner.callSync(args)) as Compiled<A, R>['sync'];
  compiled[EXPLANATION] = () => explanationOf(inner);
  return compiled;
}

function explanationOf(inner: CompiledFunction): string {
  if (inner.traces.length === 0)
    throw new GradsmithError('ERR_VALUE', 'explain: the compiled function has not been called yet, so it has no plan');
  return tracesText('arguments', inner).join('\n\n');
}
