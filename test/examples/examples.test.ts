// Every example runs as its reader would run it: in a process of its own, against the built package.

import { execFile } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';

const examples = fileURLToPath(new URL('../../examples/', import.meta.url));
const run = promisify(execFile);

test('the demo checks its gradients, learns the digits to 97 % and says where to go next', async () => {
  const { stdout } = await run(process.execPath, [`${examples}demo.mjs`]);
  const gradients = [...stdout.matchAll(/worst relative error (\S+)/g)].map(([, error]) => Number(error));
  expect(gradients.length).toBe(4);
  for (const error of gradients) expect(error).toBeLessThan(1e-6);
  expect(stdout).toMatch(
    / 100 % {2}epoch \d+\/\d+ {2}loss [\d.]+ {2}accuracy [\d.]+ % {2}[\d,]+ samples\/s {2}0\.0 s left/,
  );
  expect(Number(/held-out digits: ([\d.]+) % right/.exec(stdout)![1])).toBeGreaterThanOrEqual(97);
  const matrix = [...stdout.matchAll(/digit (\d) (.*)/g)].map(([, , row]) =>
    row!
      .trim()
      .split(/\s+/)
      .map((n) => Number(n.replace('·', '0'))),
  );
  expect(matrix.map((row) => row.length)).toEqual(new Array(10).fill(10));
  expect(matrix.flat().reduce((a, b) => a + b, 0)).toBe(359);
  for (const [, file] of stdout.split('Where to go next')[1]!.matchAll(/^ {2}(\S+\/\S+)/gm)) {
    expect(readdirSync(fileURLToPath(new URL('.', new URL(`../../${file}`, import.meta.url))))).toContain(
      file!.split('/').at(-1),
    );
  }
});

test('every example has a test', () => {
  // two-layer-net.ts is row L22 of test/lecture.
  const files = readdirSync(examples).filter((name) => /\.(ts|mjs)$/.test(name));
  expect(files).toEqual(['demo.mjs', 'two-layer-net.ts']);
});
