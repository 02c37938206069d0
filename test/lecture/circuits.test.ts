// CS231n, lecture 4: the circuits on its slides, gate by gate. Numbers computed in float64 with NumPy.

import { add, div, exp, gradients, matmul, max, maximum, mul, neg, sigmoid, square, sum } from 'gradsmith';
import { expect, test } from 'vitest';
import { f64, numbers, values } from './helpers.js';

function close(actual: readonly number[], expected: readonly number[], tolerance = 1e-12) {
  expect(actual.length).toBe(expected.length);
  for (const [i, e] of expected.entries()) {
    expect(Math.abs(actual[i]! - e), `element ${i}: ${actual[i]} for ${e}`).toBeLessThanOrEqual(tolerance);
  }
}

test('L6: f = (x + y)·z at (-2, 5, -4) and its gradients', async () => {
  const [x, y, z] = [f64(-2), f64(5), f64(-4)];
  const q = add(x, y);
  const f = mul(q, z);
  close(await numbers(q, f), [3, -12]);
  close(await numbers(...gradients(f, [f, q, z, x, y])), [1, -4, 3, -4, -4]);
  f.backward();
  close(await numbers(x.grad, y.grad, z.grad), [-4, -4, 3]);
});

test('L7: at every gate, local gradient × upstream gradient = downstream gradient', async () => {
  const [x, y, z] = [f64(-2), f64(5), f64(-4)];
  const q = add(x, y);
  const f = mul(q, z);
  const gates: [typeof q, (typeof q)[]][] = [
    [q, [x, y]],
    [f, [q, z]],
  ];
  const locals: number[] = [];
  for (const [gate, inputs] of gates) {
    const [upstream] = await numbers(...gradients(f, [gate]));
    const local = await numbers(...gradients(gate, inputs));
    const downstream = await numbers(...gradients(f, inputs));
    close(
      downstream,
      local.map((l) => l * upstream!),
    );
    locals.push(...local);
  }
  close(locals, [1, 1, -4, 3]);
});

test('L8: the sigmoid neuron, forward and backward through every gate', async () => {
  const [w0, x0, w1, x1, w2] = [f64(2), f64(-1), f64(-3), f64(-2), f64(-3)];
  const a = mul(w0, x0);
  const b = mul(w1, x1);
  const ab = add(a, b);
  const s = add(ab, w2);
  const n = mul(s, -1);
  const e = exp(n);
  const d = add(e, 1);
  const f = div(1, d);
  close(
    await numbers(a, b, ab, s, n, e, d, f),
    [-2, 6, 4, 1, -1, 0.36787944117144233, 1.3678794411714423, 0.7310585786300049],
  );
  const steps = await numbers(...gradients(f, [f, d, e, n, s, ab, a, b]));
  const sigma = 0.19661193324148188;
  close(steps, [1, -0.534446645388523, -0.534446645388523, -sigma, sigma, sigma, sigma, sigma]);
  const ends = await numbers(...gradients(f, [w0, x0, w1, x1, w2]));
  close(ends, [-0.19661193, 0.39322387, -0.39322387, -0.5898358, 0.19661193], 5e-9);
  close(ends, [-sigma, 2 * sigma, -2 * sigma, -3 * sigma, sigma]);
  // The slide prints two digits of each.
  const printed = (await numbers(e, d, f)).concat(steps.slice(1, 5), ends).map((v) => Number(v.toFixed(2)));
  expect(printed).toEqual([0.37, 1.37, 0.73, -0.53, -0.53, -0.2, 0.2, -0.2, 0.39, -0.39, -0.59, 0.2]);
});

test('L9: the derivatives of e^x, ax, 1/x and c + x', async () => {
  for (const v of [-2, -0.5, 1, 1.37, 3]) {
    const x = f64(v);
    const derivative = async (y: Parameters<typeof gradients>[0]) => numbers(...gradients(y as typeof x, [x]));
    close(await derivative(exp(x)), [Math.exp(v)], 4e-15 * Math.exp(v));
    for (const c of [-1, 1, 2.5]) {
      close(await derivative(mul(x, c)), [c]);
      close(await derivative(add(x, c)), [1]);
    }
    close(await derivative(div(1, x)), [-1 / (v * v)]);
  }
});

test('L10: the sigmoid gate gives (1 - σ)σ, as the chain of its parts does', async () => {
  const x = f64(1);
  const gate = sigmoid(x);
  const chain = div(1, add(exp(neg(x)), 1));
  const [value, local] = await numbers(gate, gradients(gate, [x])[0]!);
  close([value!], [0.7310585786300049], 1e-15);
  close([local!], [0.19661193324148185], 1e-15);
  close(await numbers(...gradients(chain, [x])), [local!], 1e-15);
  expect(Number(local!.toFixed(2))).toBe(0.2);
});

test('L11: add distributes, max routes, mul switches', async () => {
  const [x, y, z, w] = [f64(3), f64(-4), f64(2), f64(-1)];
  const product = mul(x, y);
  const larger = maximum(z, w);
  const both = add(product, larger);
  const f = mul(both, 2);
  close(await numbers(product, larger, both, f), [-12, 2, -10, -20]);
  close(await numbers(...gradients(f, [x, y, z, w, product, larger])), [-8, 6, 2, 0, 2, 2]);
});

test('L11: max over a tensor routes the gradient to the largest element', async () => {
  const x = f64([3, -4, 2, -1]);
  close((await values(gradients(max(x), [x])[0]!))[0]!, [1, 0, 0, 0]);
});

test('L12: gradients add at branches, and over several calls of backward', async () => {
  const x = f64(3);
  const f = add(square(x), x);
  close(await numbers(f, gradients(f, [x])[0]!), [12, 7]);
  add(mul(x, x), x).backward();
  add(mul(x, x), x).backward();
  close(await numbers(x.grad), [14]);
});

test('L15: f(x, W) = ‖Wx‖²', async () => {
  const W = f64([[0.1, 0.5], [-0.3, 0.8]]); // biome-ignore format: a matrix
  const x = f64([0.2, 0.4]);
  const q = matmul(W, x) as typeof x;
  const f = sum(square(q));
  const [dq, dW, dx] = gradients(f, [q, W, x]);
  expect(dW!.shape).toEqual([2, 2]);
  const [vq, vf, vdq, vdW, vdx] = await values(q, f, dq!, dW!, dx!);
  close(vq!, [0.22, 0.26]);
  close(vf!, [0.116]);
  close(vdq!, [0.44, 0.52]);
  close(vdW!, [0.088, 0.176, 0.104, 0.208]);
  close(vdx!, [-0.112, 0.636]);
});
