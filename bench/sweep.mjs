// npm run bench:sweep -- [--isa avx512,avx2] [--threads 1,2] [--json FILE] [--svg FILE] [--with OLD.json]
// Matrix products over size, as shares of the FMA peak of the level: does a way to compute leave a cliff to the next? The C++ program runs
// once for each level and number of threads, without Node; a line chart, a file, and where a share falls by more than a quarter. `--with` draws the
// lines of an older file, too, so that a long sweep can be taken in pieces.
// Shares are those of the quiet quarter of the samples, against the peak measured in turns with them.
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { lineChart } from './harness/chart.mjs';
import { machine } from './harness/machine.mjs';
import { buildPrograms } from './harness/native.mjs';
import { digits, table } from './harness/numbers.mjs';
import { folder } from './harness/problem.mjs';
import { writeJson } from './harness/report.mjs';
import { falls } from './harness/sweep.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const { isaLevels } = createRequire(import.meta.url)('node-gyp-build')(root).info();
const { values: options } = parseArgs({
  options: {
    isa: { type: 'string', default: isaLevels.join(',') },
    threads: { type: 'string', default: availableParallelism() > 1 ? `1,${availableParallelism()}` : '1' },
    json: { type: 'string', default: `${folder}sweep.json` },
    svg: { type: 'string', default: `${folder}sweep.svg` },
    with: { type: 'string' },
  },
});

const { gemm_bench: program } = buildPrograms('gemm_bench');

/** What gemm_bench prints: { isa, threads, known, points: [{ shape, n, share in % }] } */
function sweep(isa, threads) {
  const { status, stdout, stderr } = spawnSync(program, ['sweep', threads], {
    encoding: 'utf8',
    env: { ...process.env, GRADSMITH_ISA: isa },
  });
  if (status !== 0) throw new Error(`gemm_bench sweep, ${isa}: ${stderr}`);
  const result = JSON.parse(stdout);
  if (result.isa !== isa) throw new Error(`this CPU has no ${isa}, only ${isaLevels.join(', ')}`);
  if (!result.known) throw new Error(`the FMA peak of ${isa} is not known`);
  return result;
}

const runs = options.with ? JSON.parse(readFileSync(options.with, 'utf8')).runs : [];
for (const isa of options.isa.split(',')) for (const n of options.threads.split(',')) runs.push(sweep(isa, n));

mkdirSync(folder, { recursive: true });
const here = machine();
writeJson(options.json, { format: 1, date: new Date().toISOString(), machine: here, runs });
const names = runs.map(({ isa, threads }) => `${isa}, ${threads} thread${threads > 1 ? 's' : ''}`);
const shapes = [...new Set(runs[0].points.map((p) => p.shape))];
const panels = shapes.map((shape) => ({
  heading: shape,
  lines: runs.map(({ points }) => points.filter((p) => p.shape === shape).map(({ n, share }) => [n, share / 100])),
}));
const title = `float32 products of gradsmith ${here.gradsmith} on ${here.cpu}: share of the FMA peak over n`;
writeFileSync(options.svg, lineChart({ title, names, panels }));

const steps = runs.flatMap(({ points }, i) => falls(points).map((f) => [names[i], f.shape, ...f.text]));
console.log(table(['shares that fall by more than a quarter', 'shape', 'from n', 'to n', 'share', 'then'], steps));
console.log(`\nat n = 2048: ${names.map((name, i) => `${name} ${digits(runs[i].points.at(-4).share)} %`).join('; ')}`);
console.log(`written: ${options.json}, ${options.svg}`);
