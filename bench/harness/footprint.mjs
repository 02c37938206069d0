// What the package costs before it computes anything: the time of its import, of a first step, and its size.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { pack } from '../../scripts/pack.mjs';
import { spread } from './numbers.mjs';
import { makeProblem } from './problem.mjs';

const first = fileURLToPath(new URL('../first-step.mjs', import.meta.url));
const root = fileURLToPath(new URL('../../', import.meta.url));

/** Milliseconds that a whole process takes. */
function wallTime(args, env) {
  const start = performance.now();
  const { status, stderr } = spawnSync(process.execPath, args, { cwd: root, env: { ...process.env, ...env } });
  if (status !== 0) throw new Error(`node ${args.join(' ')}: ${stderr}`);
  return performance.now() - start;
}

const script = (code) => ['--input-type=module', '-e', code];

/** @returns rows as of report.mjs */
export async function measureFootprint({ filter, env, rounds }) {
  const pairs = 3 * rounds;
  const rows = [];
  const add = (name, unit, values, note) => {
    const what = { id: name, section: 'footprint', name, threads: 0, isa: '', unit, better: 'lower', note };
    rows.push({ ...what, value: spread(values), share: null, limit: null });
  };
  if (filter('footprint', 'import')) {
    const imports = [];
    for (let i = 0; i < pairs; i++) {
      const bare = wallTime(script(''), env);
      imports.push(wallTime(script("import 'gradsmith'"), env) - bare);
    }
    add('import over bare Node', 'ms', imports, 'target: under 20');
  }
  if (filter('footprint', 'tarball')) {
    const work = mkdtempSync(join(tmpdir(), 'gradsmith-size-'));
    try {
      const { size } = statSync(pack(work, { rebuild: false }));
      add('packed tarball, one platform', 'MB', [size / 1e6], 'target: under 5');
    } finally {
      rmSync(work, { recursive: true, force: true });
    }
  }
  if (filter('footprint', 'first step')) {
    const times = [];
    for (let i = 0; i < pairs; i++) {
      const { stdout, stderr, status } = spawnSync(process.execPath, [first, makeProblem('w1')], {
        encoding: 'utf8',
        env: { ...process.env, ...env },
      });
      if (status !== 0) throw new Error(`the first step: ${stderr}`);
      times.push(Number(stdout));
    }
    add('first W1 step', 'ms', times, 'trace, plan, run; target: under 10');
  }
  return rows;
}
