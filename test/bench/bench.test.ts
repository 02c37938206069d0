import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

// The benchmark's machinery in a form that takes seconds. Nothing here looks at how long anything took.

const root = fileURLToPath(new URL('../..', import.meta.url));
const load = (path: string) => import(new URL(`../../bench/harness/${path}.mjs`, import.meta.url).href);

interface Spread {
  low: number;
  q1: number;
  median: number;
  q3: number;
  high: number;
}
type Point = [number, number];
interface Row {
  id: string;
  name: string;
  threads: number;
  isa: string;
  unit: string;
  better: string;
  value: Spread;
  share: Spread | null;
}

/** Throws unless every tag is closed in order. */
function checkNesting(xml: string): void {
  const open: string[] = [];
  for (const [, close, name, empty] of xml.matchAll(/<(\/?)([a-zA-Z]+)[^<>]*?(\/?)>/g)) {
    if (close) expect(open.pop()).toBe(name);
    else if (!empty) open.push(name!);
  }
  expect(open).toEqual([]);
}

describe('npm run bench', () => {
  const work = mkdtempSync(join(tmpdir(), 'gradsmith-bench-'));
  afterAll(() => rmSync(work, { recursive: true, force: true }));
  const [json, svg] = [join(work, 'a.json'), join(work, 'a.svg')];
  let output = '';
  const run = (...more: string[]) => {
    const filter = ['--filter', 'W5,W6 predictSync,matmul 16x16x16,sum of rows 128x10,import,first step'];
    const args = [
      'bench/run.mjs',
      ...filter,
      '--rounds',
      '2',
      '--seconds',
      '0.02',
      '--json',
      json,
      '--svg',
      svg,
      ...more,
    ];
    return execFileSync(process.execPath, args, { cwd: root, encoding: 'utf8' });
  };
  beforeAll(() => {
    output = run('--threads', '1,2');
  }, 240_000);

  test('prints a table with every row', () => {
    for (const name of [
      'W5 loop by hand',
      'W5 Trainer.fit',
      'W6 predictSync',
      'import over bare Node',
      'first W1 step',
    ])
      expect(output).toMatch(new RegExp(`^${name} .*\\d`, 'm'));
    expect(output).toMatch(/gradsmith \d+\.\d+\.\d+ \(\w+\), Node v\d+/);
  });

  test('writes a file with versions, limits and the spread of each row', () => {
    const { format, machine, rows } = JSON.parse(readFileSync(json, 'utf8')) as {
      format: number;
      machine: Record<string, unknown>;
      rows: Row[];
    };
    expect(format).toBe(1);
    for (const key of ['cpu', 'cores', 'node', 'gradsmith', 'compiler']) expect(machine[key]).toBeTruthy();
    expect(new Set(rows.map((r) => r.id)).size).toBe(rows.length);
    expect(rows.filter((r) => r.name === 'W5 Trainer.fit').map((r) => r.threads)).toEqual([1, 2]);
    for (const { value, isa, threads } of rows) {
      if (threads > 0) expect(['scalar', 'avx2', 'avx512', 'neon']).toContain(isa);
      const sorted = [value.low, value.q1, value.median, value.q3, value.high];
      expect(sorted.every(Number.isFinite)).toBe(true);
      expect(sorted).toEqual(sorted.toSorted((a, b) => a - b));
    }
  });

  test('draws a chart that is well-formed and names every row', () => {
    const chart = readFileSync(svg, 'utf8');
    checkNesting(chart);
    expect(chart).toContain('W6 predictSync, 2 threads');
    expect(chart).not.toMatch(/NaN|undefined/);
  });

  test('compares with an older file', () => {
    const text = run('--threads', '1', '--compare', json);
    expect(text).toMatch(/W5 loop by hand\|1 +[\d.]+ +[\d.]+ – [\d.]+ +(noise|faster|slower)/);
  }, 240_000);
});

describe('the arithmetic of benchmarks', () => {
  const row = (median: number, better = 'higher', width = 0.1) => ({
    id: 'a',
    better,
    value: { low: 0, q1: median * (1 - width), median, q3: median * (1 + width), high: 2 * median },
  });

  test('a difference within the quartiles is noise, a larger one is not', async () => {
    const { compare } = await load('compare');
    expect(compare([row(105)], [row(100)])[0].verdict).toBe('');
    expect(compare([row(150)], [row(100)])[0]).toMatchObject({ ratio: 1.5, verdict: 'faster' });
    expect(compare([row(50)], [row(100)])[0].verdict).toBe('slower');
    expect(compare([row(50, 'lower')], [row(100, 'lower')])[0]).toMatchObject({ ratio: 2, verdict: 'faster' });
    expect(compare([row(1)], [{ ...row(1), id: 'b' }])).toEqual([]);
  });

  test('quantiles lie between neighbours', async () => {
    const { spread } = await load('numbers');
    expect(spread([4, 1, 3, 2, 5])).toEqual({ low: 1, q1: 2, median: 3, q3: 4, high: 5 });
    expect(spread([1, 2]).median).toBe(1.5);
  });

  test('a sweep tells where a share falls by more than a quarter, for each shape by itself', async () => {
    const { falls } = await load('sweep');
    const points = (shape: string, ...shares: number[]) => shares.map((share, i) => ({ shape, n: i + 1, share }));
    const found = falls([...points('a', 10, 40, 31, 22), ...points('b', 5, 3.8, 3.7)]);
    expect(found).toEqual([{ shape: 'a', from: 3, to: 4, text: [3, 4, '31.0 %', '22.0 %'] }]);
  });

  test('a line chart has each size at its place', async () => {
    const { lineChart } = await load('chart');
    const lines = [
      [
        [1, 0],
        [16, 0.5],
        [256, 2],
      ],
      [[256, 1]],
    ];
    const chart: string = lineChart({ title: '<t>', names: ['a & b', 'c'], panels: [{ heading: 'n', lines }] });
    checkNesting(chart);
    expect(chart).toContain('a &amp; b');
    const [[x0, y0], [x1, y1], [x2, y2]] = /polyline points="(.*?)"/
      .exec(chart)![1]!
      .split(' ')
      .map((point) => point.split(',').map(Number)) as [Point, Point, Point];
    expect(x1 - x0).toBeCloseTo(x2 - x1, 6);
    expect(y0 - y1).toBeCloseTo(y1 - y2, 6);
  });

  test('a chart escapes what it is given', async () => {
    const { barChart } = await load('chart');
    const bars = [{ label: 'a<b & "c"', series: 0, share: { q1: 0.5, median: 2, q3: 3 }, text: '1' }];
    const chart = barChart({ title: '<t>', axis: 'x', groups: [{ heading: 'h', bars }] });
    checkNesting(chart);
    expect(chart).toContain('a&lt;b &amp; &quot;c&quot;');
  });
});

test('a captured plan comes with the scalars of a step', () => {
  const folder = mkdtempSync(join(tmpdir(), 'gradsmith-capture-'));
  try {
    execFileSync(process.execPath, ['bench/harness/capture.mjs', 'bench/kernels.mjs', folder, 'Adam 1k'], {
      cwd: root,
    });
    const file = readFileSync(join(folder, 'Adam_1k.plan'));
    const scalars = file.readInt32LE(0);
    const wordsOfPlan = 4 + 8 * scalars;
    expect(scalars).toBeGreaterThan(0);
    expect(file.readInt32LE(wordsOfPlan + 4 * 3)).toBe(scalars);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
