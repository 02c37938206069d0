import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { hoverOf, problemsOf, serviceOf, virtual } from './compile.js';

// What shapes in types cost the compiler, and how they look. Counts, never times: they are the same on every machine.

const OPS = "'../../lib/ops/index.js'";

test('the claims of inference.test.ts hold', () => {
  const path = virtual('inference.test.ts');
  expect(problemsOf(serviceOf({ [path]: readFileSync(path, 'utf8') }), path)).toEqual([]);
});

/** 600 ops on tensors of many shapes: layers of a network, its loss, and what a training step does with them. */
function longProgram(): string {
  const lines = [
    `import { add, crossEntropy, matmul, mean, mul, randn, relu, reshape, sum, transpose, zeros } from ${OPS};`,
  ];
  lines.push(`const labels = zeros([64], { dtype: 'int32' });`, `let total = zeros([]);`);
  for (let i = 0; i < 36; i++) {
    const [k, m] = [32 + i, 100 + i];
    lines.push(
      `const x${i} = randn([64, ${k}]);`,
      `const h${i} = relu(add(matmul(x${i}, randn([${k}, ${m}])), zeros([${m}])));`,
      `const z${i} = h${i}.matmul(randn([${m}, 10])).mul(0.5);`,
      `const t${i} = reshape(transpose(h${i}), [64, -1]);`,
      `const s${i} = sum(mul(t${i}, t${i}), { axis: 1, keepDims: true });`,
      `total = add(total, add(crossEntropy(z${i}, labels), mean(s${i})));`,
    );
  }
  return lines.join('\n');
}

test('600 ops cost the compiler a bounded number of instantiations', () => {
  const path = virtual('long-program.ts');
  const source = longProgram();
  const service = serviceOf({ [path]: source });
  expect(problemsOf(service, path)).toEqual([]);
  const calls = source.match(/\b(add|crossEntropy|matmul|mean|mul|randn|relu|reshape|sum|transpose|zeros)\(/g)!.length;
  expect(calls).toBeGreaterThanOrEqual(600);
  expect(service.getProgram()!.getInstantiationCount()).toBeLessThan(90_000);
});

describe('an editor shows', () => {
  const path = virtual('hover.ts');
  const service = serviceOf({
    [path]: `
      import { add, matmul, randn, relu, zeros } from ${OPS};
      const scores = relu(add(matmul(randn([64, 1000]), randn([1000, 10])), zeros([10])));
      const doubles = zeros([3], { dtype: 'float64' }).mul(2);
      declare const n: number;
      const open = randn([n, 10]).sum({ axis: 1 });
    `,
  });

  test.each([
    ['scores', 'const scores: Tensor<[64, 10], "float32">'],
    ['doubles', 'const doubles: Tensor<[3], "float64">'],
    ['open', 'const open: Tensor<[number], "float32">'],
  ])('%s', (name, text) => {
    expect(hoverOf(service, path, name)).toBe(text);
  });
});

test('a generic helper has a declaration of its own size', () => {
  const path = virtual('helpers.ts');
  const source = `
    import { add, crossEntropy, div, exp, matmul, mean, mul, relu, reshape, sigmoid, sum, zeros } from ${OPS};
    import type { FloatDType } from '../../lib/dtype.js';
    import type { Tensor } from '../../lib/tensor.js';
    export function layer<N extends number>(x: Tensor<[N, 784]>, w: Tensor<[784, 10]>) {
      return relu(add(matmul(x, w), zeros([10])));
    }
    export function silu<S extends number[], D extends FloatDType>(x: Tensor<S, D>) {
      return mul(x, sigmoid(x));
    }
    export function loss<N extends number>(x: Tensor<[N, 784]>, w: Tensor<[784, 10]>, labels: Tensor<[N], 'int32'>) {
      return crossEntropy(layer(x, w), labels);
    }
    export function normalised<S extends number[]>(x: Tensor<S>) {
      return div(exp(x), sum(exp(x)));
    }
    export function rows<N extends number>(x: Tensor<[N, 28, 28]>) {
      return mean(reshape(x, [-1, 784]), { axis: 0 });
    }
  `;
  const service = serviceOf({ [path]: source }, { noEmit: false, declaration: true, emitDeclarationOnly: true });
  expect(problemsOf(service, path)).toEqual([]);
  const [declarations] = service.getEmitOutput(path, true, true).outputFiles;
  expect(declarations!.name.endsWith('.d.ts')).toBe(true);
  expect(declarations!.text).toContain('N extends number');
  expect(declarations!.text.length).toBeLessThan(2000);
});
