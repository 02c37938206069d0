import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, test } from 'vitest';

const root = fileURLToPath(new URL('../..', import.meta.url));
const load = (path: string) => import(new URL(`../../bench/peers/${path}.mjs`, import.meta.url).href);

describe('npm run bench:peers', () => {
  const work = mkdtempSync(join(tmpdir(), 'gradsmith-peers-'));
  afterAll(() => rmSync(work, { recursive: true, force: true }));

  test('compares with loops written by hand, which need no package', () => {
    const json = join(work, 'peers.json');
    const tiny = ['--rounds', '2', '--seconds', '0.02', '--threads', '1', '--json', json];
    const args = ['bench/peers.mjs', '--filter', 'w5', '--peers', 'by hand', '--python', '', ...tiny];
    const output = execFileSync(process.execPath, args, { cwd: root, encoding: 'utf8' });
    expect(output).toMatch(/^JavaScript by hand +v\d.* [\d.,]+x/m);
    expect(output).toMatch(/^NumPy by hand .*no Python that was named has numpy$/m);
    const { w5 } = JSON.parse(readFileSync(json, 'utf8')).results;
    const peer = w5.find(({ title }: { title: string }) => title === 'JavaScript by hand');
    expect(peer.ratio.median).toBeGreaterThan(0);
    expect(peer.error).toBeNull();
  }, 240_000);

  test('results agree within the tolerance, relative to the largest', async () => {
    const { agree } = await load('workload');
    expect(agree([100.001, 0], [100, 0.001], 1e-4)).toBe(true);
    expect(agree([100.1], [100], 1e-4)).toBe(false);
    expect(agree([null], [1], 1)).toBe(false);
    expect(agree([1, 2], [1], 1)).toBe(false);
  });

  test('a ratio pairs the rounds, so drift that both share cancels', async () => {
    const { ratio } = await load('workload');
    const runs = (...speeds: number[]) => ({ runs: speeds.map((speed, round) => ({ speed, round })) });
    const speed = (run: { speed: number }) => run.speed;
    expect(ratio(runs(20, 40, 10), runs(10, 20, 5), speed)).toEqual({ low: 2, q1: 2, median: 2, q3: 2, high: 2 });
  });

  test('every peer of a workload runs on one thread, and on all where that can help', async () => {
    const { peersOf } = await load('list');
    const pythons = new Map([['jax', 'python3']]);
    const peers = peersOf('w1', { pythons, most: 2, here: '/', problem: 'p' }) as {
      title: string;
      threads: number;
      missing?: string;
    }[];
    const threads = (title: string) => peers.filter((p) => p.title === title).map((p) => p.threads);
    expect(threads('JAX scan')).toEqual([1, 2]);
    expect(threads('JavaScript by hand')).toEqual([1]);
    expect(peers.find((p) => p.title === 'NumPy by hand')?.missing).toMatch(/numpy/);
    expect(peers.find((p) => p.title === 'JAX step')?.missing).toBeUndefined();
  });
});
