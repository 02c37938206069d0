// npm run bench -- [--filter TEXT[,TEXT]] [--threads 1,2] [--isa avx512] [--seconds 0.4] [--rounds 7] [--json FILE] [--svg FILE]
//                  [--compare OLD.json]
// This machine's limits first, then kernels (in C++, without Node), workloads and the package's footprint: a table, a file, a chart.
// Everything is measured in processes of its own, in short rounds in turn; a row is the median of its rounds with their quartiles.
// One thread means one core for the whole process.
import { mkdirSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { comparison } from './harness/compare.mjs';
import { measureFootprint } from './harness/footprint.mjs';
import { measureKernels } from './harness/kernels.mjs';
import { Limits, machine } from './harness/machine.mjs';
import { buildPrograms } from './harness/native.mjs';
import { folder } from './harness/problem.mjs';
import { machineAsText, rowsAsChart, rowsAsTable, writeJson } from './harness/report.mjs';
import { measureWorkload, WORKLOADS } from './harness/workloads.mjs';

const { values: options } = parseArgs({
  options: {
    filter: { type: 'string', default: '' },
    threads: { type: 'string', default: availableParallelism() > 1 ? `1,${availableParallelism()}` : '1' },
    isa: { type: 'string' },
    seconds: { type: 'string', default: '0.4' },
    rounds: { type: 'string', default: '7' },
    json: { type: 'string', default: `${folder}last.json` },
    svg: { type: 'string', default: `${folder}last.svg` },
    compare: { type: 'string' },
  },
});

const words = options.filter.toLowerCase().split(',');
const filter = (section, name) => words.some((word) => `${section} ${name}`.toLowerCase().includes(word.trim()));
const threads = options.threads.split(',').map(Number);
const settings = {
  filter,
  threads,
  env: options.isa ? { GRADSMITH_ISA: options.isa } : {},
  rounds: Number(options.rounds),
  seconds: Number(options.seconds),
};

mkdirSync(folder, { recursive: true });
const here = machine();
let limits = null;
let programs = {};
try {
  programs = buildPrograms('peak', 'plan_bench');
  limits = new Limits(programs.peak, threads);
} catch (error) {
  console.log(`no limits and no kernels, since the C++ programs cannot be built: ${error.message}`);
}
console.log(machineAsText(here, limits?.all ?? null));

const rows = [];
function show(some) {
  if (some.length === 0) return;
  rows.push(...some);
  console.log(`\n${rowsAsTable(some)}`);
}
if (limits !== null) {
  show(await measureKernels({ ...settings, seconds: settings.seconds / 8, program: programs.plan_bench, limits }));
}
for (const workload of WORKLOADS) show(await measureWorkload(workload, { ...settings, limits }));
show(await measureFootprint(settings));
if (rows.length === 0) {
  console.error(`nothing is called ${options.filter}`);
  process.exit(1);
}

writeJson(options.json, {
  format: 1,
  date: new Date().toISOString(),
  machine: here,
  settings: options,
  limits: limits?.all,
  rows,
});
writeFileSync(options.svg, rowsAsChart(rows, here));
console.log(`\nwritten: ${options.json}, ${options.svg}`);
if (options.compare) console.log(`\n${comparison(rows, options.compare).text}`);
