// npm run bench -- [--filter w1] [--threads 1,2] [--isa avx512] [--seconds 3] [--rounds 3] [--json FILE]
// Peaks of this machine first, then each workload in a process of its own, in turns, so that drift of the machine meets all alike.
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { availableParallelism, cpus } from 'node:os';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { measurePeaks } from './peak.mjs';

const { values: options } = parseArgs({
  options: {
    filter: { type: 'string', default: '' },
    threads: { type: 'string' },
    isa: { type: 'string' },
    seconds: { type: 'string', default: '3' },
    rounds: { type: 'string', default: '3' },
    json: { type: 'string' },
  },
});
const WORKLOADS = ['w1', 'w2', 'w5'].filter((w) => w.includes(options.filter));
const threads = (options.threads ?? (availableParallelism() > 1 ? '1,2' : '1')).split(',').map(Number);
const child = fileURLToPath(new URL('child.mjs', import.meta.url));

const peaks = measurePeaks();
const lines = [];
for (let round = 0; round < Number(options.rounds); round++) {
  for (const workload of WORKLOADS) {
    for (const n of threads) {
      const { stdout, stderr, status } = spawnSync(process.execPath, [child, workload, options.seconds], {
        encoding: 'utf8',
        env: { ...process.env, GRADSMITH_THREADS: String(n), ...(options.isa ? { GRADSMITH_ISA: options.isa } : {}) },
      });
      if (status !== 0) throw new Error(`${workload} on ${n} threads failed:\n${stderr}`);
      lines.push(
        ...stdout
          .trim()
          .split('\n')
          .map((line) => JSON.parse(line)),
      );
    }
  }
}

const middle = (list) => list.sort((a, b) => a - b)[list.length >> 1];
const rows = [];
for (const key of new Set(lines.map((l) => `${l.workload}|${l.variant}|${l.threads}`))) {
  const same = lines.filter((l) => `${l.workload}|${l.variant}|${l.threads}` === key);
  const median = middle(same.map((l) => l.median));
  const gflops = middle(same.map((l) => l.gflops));
  const peak = peaks?.[`${same[0].isa}_${same[0].threads}`];
  rows.push({
    ...same[0],
    median,
    low: Math.min(...same.map((l) => l.low)),
    high: Math.max(...same.map((l) => l.high)),
    gflops,
    peakShare: peak ? gflops / peak : null,
    rssMb: middle(same.map((l) => l.rssMb)),
  });
}

const digits = (x) => (x >= 1000 ? Math.round(x).toLocaleString('en') : x.toPrecision(3));
console.log(`${cpus()[0].model}, ${availableParallelism()} cores; Node ${process.version}; kernels ${rows[0]?.isa}`);
if (peaks)
  console.log(
    `FMA peak, GFLOP/s: ${Object.entries(peaks)
      .filter(([k]) => k !== 'cores')
      .map(([k, v]) => `${k.replace('_', ' x')} ${v}`)
      .join(', ')}`,
  );
console.table(
  rows.map((r) => ({
    workload: r.workload,
    variant: r.variant,
    threads: r.threads,
    'median steps/s': digits(r.median),
    spread: `${digits(r.low)} – ${digits(r.high)}`,
    'GFLOP/s': digits(r.gflops),
    'share of peak': r.peakShare === null ? '–' : `${Math.round(100 * r.peakShare)} %`,
    'RSS MB': r.rssMb,
  })),
);
if (options.json)
  writeFileSync(
    options.json,
    `${JSON.stringify({ date: new Date().toISOString(), node: process.version, cpu: cpus()[0].model, peaks, rows }, null, 2)}\n`,
  );
