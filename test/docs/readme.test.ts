// The programs of the README run as they stand there, on the compiled package.
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import { describe, expect, it } from 'vitest';

const root = fileURLToPath(new URL('../../', import.meta.url));
const programs = [...readFileSync(`${root}README.md`, 'utf8').matchAll(/```ts\n([\s\S]*?)```/g)].map((m) => m[1]!);

function run(source: string): string {
  const { outputText } = ts.transpileModule(source, {
    compilerOptions: { target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.ESNext },
  });
  const args = ['--input-type=module', '--eval', outputText];
  const { stdout, stderr, status } = spawnSync(process.execPath, args, { cwd: root, encoding: 'utf8' });
  expect({ stderr, status }).toEqual({ stderr: '', status: 0 });
  return stdout;
}

describe('the README', () => {
  it('shows the twenty lines of examples/two-layer-net.ts, word for word', () => {
    expect(programs[0]).toBe(readFileSync(`${root}examples/two-layer-net.ts`, 'utf8'));
  });

  it('shows a network in twenty lines whose loss falls', () => {
    const losses = run(programs[0]!)
      .trim()
      .split('\n')
      .map((line) => Number(line.split(' ')[1]));
    expect(losses).toHaveLength(20);
    expect(losses.at(-1)).toBeLessThan(losses[0]! / 1000);
  });

  it('shows a trainer that learns the digits', () => {
    const scores = run(programs[1]!);
    expect(Number(/accuracy: ([\d.]+)/.exec(scores)?.[1])).toBeGreaterThan(0.95);
  });
});
