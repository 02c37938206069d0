import { describe, expect, test } from 'vitest';

const load = (path: string) => import(new URL(`../../bench/harness/${path}.mjs`, import.meta.url).href);
const node = (code: string) => [process.execPath, '--input-type=module', '-e', code];
const serve = JSON.stringify(new URL('../../bench/harness/serve.mjs', import.meta.url).href);

describe('a measured process', () => {
  test('says what it is, checks and runs', async () => {
    const { Child } = await load('child');
    // A microsecond each: a rate without limit would ask for more steps than a double counts.
    const steps =
      'async (n) => { for (const end = performance.now() + n / 1000; performance.now() < end; ); done += n; }';
    const code = `let done = 0; const { serve } = await import(${serve});
      await serve({ about: { name: 'x' }, steps: ${steps}, chunk: 5, check: async () => [done, 0.5] });`;
    const child = await new Child(node(code)).ready();
    expect(child.about).toEqual({ name: 'x' });
    expect(await child.ask('check')).toEqual({ numbers: [0, 0.5] });
    const { count, seconds } = await child.ask('run 0.02');
    expect(count % 5).toBe(0);
    expect(seconds).toBeGreaterThan(0);
    expect((await child.ask('check')).numbers[0]).toBe(count);
    child.kill();
  });

  test('reports percentiles of a latency', async () => {
    const { Child } = await load('child');
    const code = `const { serve } = await import(${serve}); await serve({ about: {}, call: () => 1, check: async () => [1] });`;
    const child = await new Child(node(code)).ready();
    const { count, p50, p99, p999 } = await child.ask('run 0.02');
    expect(count).toBeGreaterThan(0);
    expect(p50).toBeLessThanOrEqual(p99);
    expect(p99).toBeLessThanOrEqual(p999);
    child.kill();
  });

  test('that dies is reported with its error', async () => {
    const { Child } = await load('child');
    await expect(new Child(node("throw new Error('no such thing')")).ready()).rejects.toThrow(/no such thing/);
    await expect(new Child(['/no/such/program']).ready()).rejects.toThrow(/ENOENT/);
  });

  test('that fails is left out of the rounds that follow', async () => {
    const { Child } = await load('child');
    const { interleave } = await load('rounds');
    const code = (body: string) =>
      `const { serve } = await import(${serve}); await serve({ about: {}, steps: async () => { ${body} }, check: async () => [] });`;
    const subjects = [
      {
        child: await new Child(node(code(''))).ready(),
        runs: [] as { round: number; tag: string }[],
        error: undefined,
      },
      { child: await new Child(node(code("throw new Error('broken')"))).ready(), runs: [], error: undefined },
    ];
    await interleave(subjects, { rounds: 3, seconds: 0.005, warm: 0.001, everyRound: () => ({ tag: 'here' }) });
    expect(subjects[0]!.runs.map(({ round, tag }) => [round, tag])).toEqual([0, 1, 2].map((round) => [round, 'here']));
    expect(subjects[1]!.runs).toEqual([]);
    expect(subjects[1]!.error).toMatch(/broken/);
    for (const { child } of subjects) child.kill();
  });
});

test('a problem reads back as it was made', async () => {
  const { makeProblem, readProblem } = await load('problem');
  const { arrays, learningRate } = readProblem(makeProblem('w1'));
  expect(learningRate).toBe(1e-4);
  expect(arrays.w1.shape).toEqual([1000, 100]);
  expect(arrays.y.data).toHaveLength(640);
  const values = Array.from(arrays.x.data as Float32Array);
  const mean = values.reduce((a, b) => a + b, 0) / values.length;
  const variance = values.reduce((a, b) => a + (b - mean) ** 2, 0) / values.length;
  // 64,000 standard normals: the mean is within 5/253 of 0, the variance within 5·sqrt(2)/253 of 1.
  expect(Math.abs(mean)).toBeLessThan(0.02);
  expect(Math.abs(variance - 1)).toBeLessThan(0.028);
});
