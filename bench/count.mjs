// npm run bench:count -- [--filter TEXT] [--isa avx2,scalar] [--update]
// Instructions that a step of a plan takes, counted by callgrind without Node: the same whatever else the machine does, so a regression
// shows where the clock is too noisy. Compares with bench/counts.json, and fails where something takes more than 1 % more than there.
// One thread; valgrind 3.19 does not know AVX-512. The counts belong to one compiler.
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { catalogue } from './counted.mjs';
import { capturePlans } from './harness/kernels.mjs';
import { buildPrograms, compiler } from './harness/native.mjs';
import { digits, table } from './harness/numbers.mjs';

const { values: options } = parseArgs({
  options: {
    filter: { type: 'string', default: '' },
    isa: { type: 'string', default: process.arch === 'x64' ? 'avx2,scalar' : 'neon,scalar' },
    update: { type: 'boolean', default: false },
  },
});
const TOLERANCE = 0.01;
const stored = fileURLToPath(new URL('counts.json', import.meta.url));

if (spawnSync('valgrind', ['--version']).status !== 0) {
  console.log('nothing was counted: valgrind is not installed (Debian: apt-get install valgrind)');
  process.exit(0);
}

const { plan_bench: program } = buildPrograms('plan_bench');

/** Instructions of a process that runs a plan for so many steps. */
function collected(path, steps, isa) {
  const tool = ['--tool=callgrind', '--callgrind-out-file=/dev/null'];
  const { status, stderr } = spawnSync('valgrind', [...tool, program, path, '1', String(steps)], {
    encoding: 'utf8',
    env: { ...process.env, GRADSMITH_ISA: isa },
  });
  const count = stderr.match(/Collected : (\d+)/)?.[1];
  if (status !== 0 || count === undefined) throw new Error(`valgrind on ${path}, ${isa}:\n${stderr}`);
  return Number(count);
}

/** The difference of two runs leaves out the start of the process, the plan's preparation and its first step. */
function perStep(path, isa) {
  const more = 10;
  return Math.round((collected(path, 1 + more, isa) - collected(path, 1, isa)) / more);
}

const before = JSON.parse(readFileSync(stored, 'utf8'));
if (before.compiler !== compiler())
  console.log(`the stored counts are of ${before.compiler}, these of ${compiler()}: expect differences`);
const names = catalogue
  .map(({ name }) => name)
  .filter((name) => name.toLowerCase().includes(options.filter.toLowerCase()));
const paths = capturePlans(names, fileURLToPath(new URL('counted.mjs', import.meta.url)));
const counts = { ...before.counts };
const lines = [];
let grown = 0;
for (const isa of options.isa.split(',')) {
  counts[isa] = { ...counts[isa] };
  for (const [i, name] of names.entries()) {
    const now = perStep(paths[i], isa);
    const then = before.counts[isa]?.[name];
    const change = then === undefined ? null : now / then - 1;
    const more = change !== null && change > TOLERANCE;
    if (more) grown++;
    const verdict = change === null ? 'new' : more ? 'MORE' : change < -TOLERANCE ? 'fewer' : '';
    lines.push([
      name,
      isa,
      digits(now),
      digits(then),
      change === null ? '–' : `${(100 * change).toFixed(1)} %`,
      verdict,
    ]);
    counts[isa][name] = now;
  }
}
console.log(table(['instructions a step', 'ISA', 'now', 'stored', 'change', ''], lines));
if (options.update) {
  writeFileSync(stored, `${JSON.stringify({ compiler: compiler(), counts }, null, 2)}\n`);
  console.log('bench/counts.json is updated');
} else if (grown > 0) {
  console.log(
    `${grown} of ${lines.length} take more instructions than bench/counts.json says; --update if that is meant`,
  );
  process.exitCode = 1;
}
