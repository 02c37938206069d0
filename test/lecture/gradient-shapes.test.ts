// CS231n, lecture 4, row L16: "always check: the gradient with respect to a variable should have the same shape as the variable".

import { crossEntropy, tensor } from 'gradsmith';
import { Linear, ReLU, Sequential } from 'gradsmith/nn';
import { expect, test } from 'vitest';
import { call, cases, gradientsOf, inputsOf } from '../parity/cases.js';

test('L16: a gradient has the shape and dtype of its variable, for every op', () => {
  const seen = new Set<string>();
  for (const c of cases) {
    if (c.gradients === undefined) continue;
    seen.add(c.op);
    const inputs = inputsOf(c);
    const { of, gradients } = gradientsOf(c, inputs, call(c, inputs));
    for (const [i, g] of gradients.entries()) {
      expect([c.name, g.shape, g.dtype]).toEqual([c.name, of[i]!.shape, of[i]!.dtype]);
    }
  }
  expect(seen.size).toBeGreaterThanOrEqual(27);
});

test('L16: a gradient has the shape of its parameter, for every parameter of a network', () => {
  const net = new Sequential(new Linear(4, 6), new ReLU(), new Linear(6, 3));
  crossEntropy(net.forward(tensor([[1, 2, 3, 4], [5, 6, 7, 8]])), tensor([0, 2], { dtype: 'int32' })).backward(); // biome-ignore format: a matrix
  for (const p of net.parameters()) expect(p.grad!.shape).toEqual(p.shape);
});
