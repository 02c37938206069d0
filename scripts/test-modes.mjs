// The suite again in its other modes: each ISA level of this CPU that is not the default, unfused, eager, one thread.
// `npm run test:modes`, or some of them: `-- scalar eager`. Left out is what does not depend on the mode, and what sets modes by itself,
// which is in `npm test`. The files of a mode share processes: each has had one to itself in `npm test`.
import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const { isa, isaLevels } = createRequire(import.meta.url)('node-gyp-build')(root).info();

const modes = {
  ...Object.fromEntries(isaLevels.filter((l) => l !== isa).map((level) => [level, { GRADSMITH_ISA: level }])),
  unfused: { GRADSMITH_FUSE: '0' },
  eager: { GRADSMITH_EAGER: '1' },
  'one-thread': { GRADSMITH_THREADS: '1' },
};
/** Types, examples and the benchmark's machinery are the same in each mode; test/bits starts a process for each. */
const LEFT_OUT = ['types', 'docs', 'native', 'fixtures', 'examples', 'bench', 'bits'];
/** One random graph is computed fused, unfused and eager, whatever the mode; derived threads are 1, 2 and 3. */
const COVERED = {
  unfused: ['test/graph/random-graphs.test.ts'],
  eager: ['test/graph/random-graphs.test.ts'],
  'one-thread': ['test/graph/random-graphs.test.ts', 'test/derived/threads.test.ts'],
};
const wanted = process.argv.slice(2);
const unknown = wanted.filter((name) => !(name in modes));
if (unknown.length > 0) {
  console.error(`unknown mode ${unknown.join(', ')}; this machine has ${Object.keys(modes).join(', ')}`);
  process.exit(1);
}
const folders = readdirSync(`${root}test`, { withFileTypes: true })
  .filter((entry) => entry.isDirectory() && !LEFT_OUT.includes(entry.name))
  .map((entry) => `test/${entry.name}/`);

const total = { passed: 0, failed: 0, skipped: 0 };
for (const [name, env] of Object.entries(modes)) {
  if (wanted.length > 0 && !wanted.includes(name)) continue;
  console.log(`── ${name}`);
  const started = performance.now();
  const covered = (COVERED[name] ?? []).flatMap((file) => ['--exclude', file]);
  const args = [`${root}node_modules/vitest/vitest.mjs`, 'run', '--no-isolate', ...covered, ...folders];
  const { stdout, status } = spawnSync(process.execPath, args, {
    cwd: root,
    env: { ...process.env, ...env },
    encoding: 'utf8',
    maxBuffer: 1 << 28,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const counts = /^(\d+) passed, (\d+) failed, (\d+) skipped$/m.exec(stdout);
  if (status !== 0 || counts === null) console.log(stdout);
  else console.log(`${counts[0]} (${((performance.now() - started) / 1000).toFixed(0)} s)`);
  total.passed += Number(counts?.[1] ?? 0);
  total.failed += Number(counts?.[2] ?? 0) + (status !== 0 && !Number(counts?.[2]) ? 1 : 0);
  total.skipped += Number(counts?.[3] ?? 0);
}
console.log(`${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped`);
process.exit(total.failed > 0 ? 1 : 0);
