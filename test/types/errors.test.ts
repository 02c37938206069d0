import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { problemsOf, serviceOf, virtual } from './compile.js';
import { mistakes } from './mistakes.js';

// The words of the type level are part of the interface: what a user reads in the editor. They are the run time's words too.

const path = virtual('mistakes.ts');
const source = readFileSync(path, 'utf8').replaceAll('// @ts-expect-error', '//');
const problems = problemsOf(serviceOf({ [path]: source }), path);

/** Line of each mistake's code, in order. */
const lines = source
  .split('\n')
  .flatMap((line, i) => (line.trimStart().startsWith('code: () =>') && i > 40 ? [i] : []));

test('every mistake is refused, once, and nothing else is', () => {
  expect(lines).toHaveLength(mistakes.length);
  expect(problems.map((p) => p.line)).toEqual(lines);
});

describe('the compiler says', () => {
  test.each(mistakes.map(({ says }, i) => [says, i] as const))('%s', (says, i) => {
    const { text } = problems.find((p) => p.line === lines[i]) ?? { text: '' };
    // A rule's own words come as the name of the type that was expected.
    expect(text).toContain(says.endsWith('.') ? says : `'"${says}"'`);
  });
});

describe('the run time says', () => {
  test.each(mistakes.map((m) => [m.throws ?? m.says, m.code] as const))('%s', (says, code) => {
    expect(code).toThrow(expect.objectContaining({ name: 'GradsmithError', message: says }));
  });
});
