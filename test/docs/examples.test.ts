// Every `@example code // result` in a doc comment of lib/ is run, and its last expression compared with the result it claims.

import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import { describe, expect, it } from 'vitest';
import * as data from '../../lib/data/index.js';
import { GradsmithError as _error } from '../../lib/errors.js';
import { format } from '../../lib/format.js';
import * as gradsmith from '../../lib/index.js';
import * as nn from '../../lib/nn/index.js';
import * as optim from '../../lib/optim/index.js';
import * as train from '../../lib/train/index.js';

const root = fileURLToPath(new URL('../../lib/', import.meta.url));
const { tensor } = gradsmith;

/** What the examples may use: the public names, and a small world to use them in. */
const [pixels, labels] = [new Float32Array(1797 * 64), new Int32Array(1797)];
const dataset = () => new data.TensorDataset(tensor(pixels, { shape: [1797, 64] }), tensor(labels));
const scope: Record<string, unknown> = {
  ...gradsmith,
  ...nn,
  ...optim,
  ...data,
  ...train,
  format,
  GradsmithError: _error,
  pixels,
  labels,
  digits: dataset(),
  test: dataset().split([0.02, 0.98])[0],
  x: tensor(pixels, { shape: [1797, 64] }),
  logits: gradsmith.zeros([1797, 10]),
  model: new nn.Linear(64, 10),
};
scope.optimizer = new optim.SGD((scope.model as nn.Linear<64, 10>).parameters(), { learningRate: 0.1 });
scope.train = scope.test;
scope.classes = tensor(labels);

interface Example {
  readonly code: string;
  /** Undefined where the example only has to run. */
  readonly result: string | undefined;
}

/** Examples end at the next tag, at an empty comment line or with the comment. */
function examplesIn(source: string): Example[] {
  return [...source.matchAll(/@example\s+((?:.|\n)*?)(?=\n\s*\*\s*@|\n\s*\*\s*\n|\*\/)/g)].map(([, text]) => {
    const code = text!.replace(/^\s*\* ?/gm, '').trim();
    const [, before, result] = /^((?:.|\n)*?)\s\/\/ (.+)$/.exec(code) ?? [undefined, code, undefined];
    return { code: before!, result };
  });
}

const AsyncFunction = (async () => {}).constructor as new (
  ...args: string[]
) => (...values: unknown[]) => Promise<unknown>;

/** Runs the statements; the value is the last one's. */
async function run(code: string): Promise<unknown> {
  const names = Object.keys(scope);
  // A class is one statement, whatever is in it.
  const statements = code.startsWith('class') ? [code] : code.split(/;\s+/);
  const last = statements.pop()!.replace(/;$/, '');
  const isExpression = !/^(const|let|class|await evaluate)\b/.test(last);
  const source = [...statements, isExpression ? `return (${last})` : last].join(';\n');
  const { outputText } = ts.transpileModule(`async function example() { ${source} }`, {
    compilerOptions: { target: ts.ScriptTarget.ES2022 },
  });
  return new AsyncFunction(...names, `${outputText}; return example();`)(...names.map((n) => scope[n]));
}

/** Typed arrays and numbers agree to float32's seven digits; everything else exactly. */
function compare(actual: unknown, claimed: string): void {
  const typed = /^(\w+Array) (\[.*\])$/s.exec(claimed);
  const wanted: unknown = typed ? JSON.parse(typed[2]!) : new Function(`return (${claimed})`)();
  if (typed) expect((actual as object).constructor.name).toBe(typed[1]);
  close(ArrayBuffer.isView(actual) ? Array.from(actual as unknown as number[]) : actual, wanted);
}

function close(actual: unknown, wanted: unknown): void {
  if (typeof wanted === 'number' && Number.isFinite(wanted)) {
    expect(Math.abs((actual as number) - wanted)).toBeLessThanOrEqual(2e-7 * Math.max(1, Math.abs(wanted)));
  } else if (Array.isArray(wanted)) {
    expect((actual as unknown[]).length).toBe(wanted.length);
    wanted.forEach((w, i) => close((actual as unknown[])[i], w));
  } else {
    expect(actual).toEqual(wanted);
  }
}

const files = readdirSync(root, { recursive: true, encoding: 'utf8' }).filter((f) => f.endsWith('.ts'));
let found = 0;
for (const file of files.sort()) {
  const examples = examplesIn(readFileSync(root + file, 'utf8'));
  if (examples.length === 0) continue;
  found += examples.length;
  describe(file, () => {
    for (const { code, result } of examples) {
      it(code.split('\n')[0]!, async () => {
        const value = await run(code);
        if (result !== undefined && !code.includes('console.log')) compare(value, result);
      });
    }
  });
}

it('finds the examples of the public ops', () => {
  expect(found).toBeGreaterThan(60);
});
