import type { DType } from '../dtype.js';
import { gradientsOf } from '../graph/gradient.js';
import type { Shape } from '../shape.js';
import type { AnyTensor, Tensor } from '../tensor.js';

/** For each of `xs`, a gradient of its shape and dtype. */
export type GradientsOf<X extends readonly AnyTensor[]> = {
  -readonly [I in keyof X]: X[I] extends Tensor<infer S extends Shape, infer D extends DType>
    ? Tensor<S, D> | null
    : never;
};

/**
 * The gradients of `y` with respect to `xs` (parameters, or tensors computed from them) as tensors that can be differentiated again.
 * Where `y` does not depend on x, the gradient is null. `dy` weights the elements of a `y` that has more than one.
 * @throws ERR_GRADIENT when `y` has more than one element and there is no `dy`, or depends on no parameter.
 * @example const w = parameter(tensor([3])); const [dw] = gradients(sum(square(w)), [w]); await dw!.data() // Float32Array [6]
 */
export function gradients<const X extends readonly AnyTensor[]>(
  y: AnyTensor,
  xs: X,
  { dy = null }: { dy?: AnyTensor | null } = {},
): GradientsOf<X> {
  return gradientsOf(y, xs, dy) as GradientsOf<X>;
}
