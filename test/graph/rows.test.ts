// Row groups: what joins, what stays apart, and that nothing but results is written. That the bits are those of the ops one by one is
// checked for every op in test/derived, and for random graphs in random-graphs.test.ts.
import { afterEach, describe, expect, it } from 'vitest';
import { planCache } from '../../lib/graph/cache.js';
import { decodePlan } from '../../lib/graph/decode.js';
import { workOf } from '../../lib/graph/work.js';
import {
  type AnyTensor,
  add,
  cast,
  crossEntropy,
  div,
  evaluateSync,
  exp,
  explain,
  gradients,
  layerNorm,
  logSoftmax,
  matmul,
  max,
  mean,
  mul,
  parameter,
  randn,
  relu,
  reshape,
  softmax,
  sub,
  sum,
  type Tensor,
  tensor,
  transpose,
} from '../../lib/index.js';
import { LayerNorm } from '../../lib/nn/index.js';
import { SGD } from '../../lib/optim/index.js';
import { planFor } from '../../lib/runtime/run.js';
import { lazily } from '../lazy.js';

lazily();

const fused = planCache.fused;
afterEach(() => {
  planCache.fused = fused;
});

function stored(shape: number[], seed: number): Tensor {
  const t = randn(shape, { seed });
  evaluateSync(t);
  return t as Tensor;
}

/** Names of the instructions, with fusion. */
function names(...outputs: AnyTensor[]): string[] {
  planCache.fused = true;
  const plan = planFor({ outputs, values: [], targets: [], forget: false, onFailure: null });
  return [...plan.names];
}

/** What `explain` says, with fusion. */
function listed(...outputs: AnyTensor[]): string {
  planCache.fused = true;
  return explain(outputs as [AnyTensor]);
}

/** The same numbers, to the bit, with and without fusion. */
function agrees(build: () => AnyTensor[]): void {
  const [a, b] = [true, false].map((on) => {
    planCache.fused = on;
    const outputs = build();
    evaluateSync(...(outputs as [AnyTensor]));
    return outputs.map((t) => t.dataSync());
  });
  expect(a).toEqual(b);
}

const last = { axis: -1, keepDims: true } as const;

describe('a row group', () => {
  it('is all of a layer normalisation', () => {
    const [x, gamma, beta] = [stored([64, 100], 1), stored([100], 2), stored([100], 3)];
    expect(names(layerNorm(x, gamma, beta))).toEqual(['rowGroup']);
    expect(names(layerNorm(reshape(x, [4, 16, 100]), gamma, beta))).toEqual(['rowGroup']);
    agrees(() => [layerNorm(x, gamma, beta), layerNorm(reshape(x, [4, 16, 100]), gamma, beta)]);
  });

  it('is all of the gradients of softmax and logSoftmax', () => {
    const [x, w] = [parameter(stored([32, 50], 1)), stored([32, 50], 2)];
    for (const f of [softmax, logSoftmax]) {
      const build = () => gradients(sum(mul(f(x), w)), [x]) as AnyTensor[];
      expect(names(...build())).toEqual(['rowGroup']);
      agrees(build);
    }
  });

  it('is all of the way back through a layer normalisation', () => {
    for (const [rows, columns] of [
      [32, 10],
      [100, 100],
      [32, 1000],
      [200, 200],
    ] as const) {
      const [x, gamma, beta] = [
        parameter(stored([rows, columns], 1)),
        parameter(stored([columns], 2)),
        parameter(stored([columns], 3)),
      ];
      const w = stored([rows, columns], 4);
      const build = (of: AnyTensor[]) => () =>
        gradients(sum(mul(layerNorm(x, gamma, beta), w)), of as [typeof x]) as AnyTensor[];
      expect(names(...build([x])())).toEqual(['rowGroup']);
      expect(names(...build([x, gamma, beta])())).toEqual(['rowGroup']);
      agrees(build([x]));
      agrees(build([x, gamma, beta]));
    }
  });

  it('adds up the columns of what it makes, and of what it reads beside that', () => {
    const [x, gamma, beta] = [
      parameter(stored([3, 50, 30], 1)),
      parameter(stored([30], 2)),
      parameter(stored([30], 3)),
    ];
    const w = stored([3, 50, 30], 4);
    const build = () =>
      gradients(sum(mul(layerNorm(x, gamma, beta), w)), [x, gamma, beta] as unknown as [typeof x]) as AnyTensor[];
    expect(listed(...(build() as [AnyTensor]))).toContain('; sub mul mul; sum of columns; sum of columns; mul sub sub');
    agrees(build);
  });

  it('hands the sums of columns out: what reads them waits, even where columns are as many as rows', () => {
    const [x, w] = [stored([20, 20], 1), stored([20], 2)];
    const build = () => {
      const p = softmax(x);
      const columns = sum(p, { axis: 0 });
      return [mul(p, 2), mul(columns, w), sub(p, columns), sum(mul(p, 2), { axis: 0 })];
    };
    expect(names(...build())).toEqual(['rowGroup', 'elementwise', 'elementwise']);
    agrees(build);
  });

  it('leaves the greatest of columns, and columns too many for it, apart', () => {
    const x = stored([6, 9], 1);
    expect(names(...[softmax(x), max(softmax(x), { axis: 0 })])).toEqual(['softmax', 'reduce']);
    const long = stored([3, 5000], 2);
    const build = () => [sub(long, mean(long, last)), sum(long, { axis: 0 })];
    expect(names(...build())).toEqual(['rowGroup', 'reduce']);
    agrees(build);
  });

  it('adds up in one pass what the gradient of a layer normalisation adds up', () => {
    const [x, gamma] = [parameter(stored([32, 100], 1)), stored([100], 2)];
    const build = () => gradients(sum(mul(layerNorm(x, gamma), stored([32, 100], 3))), [x]) as [AnyTensor];
    const steps =
      'mean; sub square; mean; (cast add sqrt reciprocal); mul sub mul mul; mean; mean; mul sub sub mul mul sub mul';
    expect(listed(...build())).toContain(`| ${steps} |`);
    agrees(build);
  });

  it('does not add up together what waits for one of the sums', () => {
    const [x, t] = [stored([32, 100], 1), stored([32, 100], 2)];
    const build = () => {
      const product = mul(x, t);
      const weighed = mul(product, add(x, mean(product, last)));
      return [mul(product, sum(weighed, last))];
    };
    expect(listed(...build())).toContain('| mul; mean; add mul; sum; mul |');
    agrees(build);
  });

  it('writes its results and nothing else, and reads what it needs once', () => {
    const [x, gamma, beta] = [stored([64, 100], 1), stored([100], 2), stored([100], 3)];
    planCache.fused = true;
    const y = layerNorm(x, gamma, beta);
    const plan = planFor({ outputs: [y], values: [], targets: [], forget: false, onFailure: null });
    const { instructions } = decodePlan(plan.words);
    // mean 1; sub square 2; mean 1; of each row add sqrt reciprocal 3; sub mul mul add 4
    const flops = 64 * 100 * 8 + 64 * 3;
    expect(instructions.map(workOf)).toEqual([{ bytesRead: 4 * (6400 + 200), bytesWritten: 4 * 6400, flops }]);
    expect(explain([y])).toContain('| mean; sub square; mean; (cast add sqrt reciprocal); sub mul mul add |');
  });

  it('takes numbers a row with their axis or without it, and from outside', () => {
    const [x, t] = [stored([6, 9], 1), stored([6, 1], 2)];
    const build = () => {
      const scaled = mul(x, t);
      const squeezed = reshape(sum(scaled, { axis: 1 }), [6, 1]);
      return [div(scaled, add(squeezed, t)), max(scaled, last)];
    };
    expect(names(...build())).toEqual(['rowGroup']);
    agrees(build);
  });

  it('keeps what is costly for later steps', () => {
    const x = stored([40, 30], 1);
    const build = () => {
      const e = exp(sub(x, max(x, last)));
      return [div(e, sum(e, last))];
    };
    expect(names(...build())).toEqual(['rowGroup']);
    expect(explain(build() as [AnyTensor])).toContain('max; sub exp; sum; div');
    agrees(build);
  });

  it('holds a softmax with what goes in and what comes out', () => {
    const [x, mask] = [stored([8, 5, 5], 1), stored([5, 5], 2)];
    const build = () => [mul(softmax(add(mul(x, 0.5), mask)), 2)];
    // The mask repeats every five rows, which no stride over rows says.
    expect(names(...build())).toEqual(['elementwise', 'rowGroup']);
    const plain = () => [mul(softmax(mul(x, 0.5)), 2)];
    expect(names(...plain())).toEqual(['rowGroup']);
    agrees(build);
    agrees(plain);
  });

  it('leaves apart what reduces columns, all, or rows too long for it', () => {
    const x = stored([6, 9], 1);
    expect(names(sub(x, mean(x, { axis: 0, keepDims: true })))).toEqual(['reduce', 'elementwise']);
    expect(names(sub(x, mean(x)))).toEqual(['reduce', 'elementwise']);
    expect(names(sub(transpose(x), mean(transpose(x), last)))).toEqual(['reduce', 'elementwise']);
    const long = stored([2, 20000], 1);
    expect(names(sub(long, mean(long, last)))).toEqual(['reduce', 'elementwise']);
    expect(names(mean(x, last))).toEqual(['reduce']);
  });

  it('does not join what waits for something in between', () => {
    const x = stored([5, 5], 1);
    const build = () => {
      const centred = sub(x, mean(x, last));
      // The product needs all of `centred`, and the second sum needs the product.
      const product = matmul(centred, centred);
      return [sub(centred, sum(mul(product, centred), last))];
    };
    expect(names(...build())).toEqual(['rowGroup', 'matmul', 'rowGroup']);
    agrees(build);
  });

  it('does not join so that two groups would wait for each other', () => {
    const [x, y, w] = [stored([6, 6], 1), stored([6, 6], 2), stored([6, 6], 3)];
    const build = () => {
      const [a, b] = [exp(x), exp(y)];
      return [mul(matmul(w, b), sum(a, last)), mul(matmul(w, a), sum(b, last))];
    };
    expect(names(...build())).toEqual(['rowGroup', 'matmul', 'rowGroup', 'matmul', 'elementwise']);
    agrees(build);
  });

  it('does not read its own rows crosswise', () => {
    const x = stored([5, 5], 1);
    const build = () => {
      const centred = sub(x, mean(x, last));
      return [add(centred, transpose(centred))];
    };
    expect(names(...build())).toEqual(['rowGroup', 'elementwise']);
    agrees(build);
  });

  it('works with integers and bools', () => {
    const x = tensor([3, 1, 2, 5, 4, 0], { shape: [2, 3], dtype: 'int32' });
    const build = () => [sub(x, max(x, last)), cast(sum(mul(x, x), last), 'float64')];
    expect(names(...build())).toContain('rowGroup');
    agrees(build);
  });

  it('writes over a parameter only what no later step reads', () => {
    const run = (on: boolean) => {
      planCache.fused = on;
      const w = parameter(stored([12, 30], 4));
      const sgd = new SGD([w], { learningRate: 0.5 });
      for (let i = 0; i < 3; i++) {
        const loss = sum(mul(softmax(w), relu(w)));
        loss.backward();
        sgd.stepSync();
      }
      return w.dataSync();
    };
    expect(run(true)).toEqual(run(false));
  });

  it('takes part in a training step with a layer that normalises', () => {
    const run = (on: boolean) => {
      planCache.fused = on;
      const norm = new LayerNorm(20);
      const w = parameter(stored([20, 10], 5));
      const x = stored([16, 20], 6);
      const labels = tensor(
        Array.from({ length: 16 }, (_, i) => i % 10),
        { dtype: 'int32' },
      );
      const sgd = new SGD([w, ...norm.parameters()], { learningRate: 0.1 });
      const losses: number[] = [];
      for (let i = 0; i < 4; i++) {
        const loss = crossEntropy(
          matmul(relu(norm.forward(x as Tensor<[16, 20]>)), w as unknown as Tensor<[20, 10]>),
          labels as Tensor<[16], 'int32'>,
        );
        loss.backward();
        sgd.stepSync();
        losses.push(loss.itemSync());
      }
      expect(losses[3]).toBeLessThan(losses[0]!);
      return [losses, w.dataSync(), norm.weight.dataSync(), norm.bias.dataSync()];
    };
    expect(run(true)).toEqual(run(false));
  });
});
