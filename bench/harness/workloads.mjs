// W1, W2, W5, W6 through the package, each variant in a process of its own.
import { fileURLToPath } from 'node:url';
import { Child, pinned } from './child.mjs';
import { digits, spread } from './numbers.mjs';
import { makeProblem } from './problem.mjs';
import { interleave } from './rounds.mjs';

const script = fileURLToPath(new URL('../step.mjs', import.meta.url));

export const WORKLOADS = ['w1', 'w2', 'w5', 'w6'];

/** The command that measures one variant of ours. */
export const stepCommand = (workload, variant) => [process.execPath, script, workload, variant, makeProblem(workload)];

/** @returns rows as of report.mjs */
export async function measureWorkload(workload, { limits, filter, threads, env, rounds, seconds }) {
  const { variants, flops, bytes, title } = await import(`../steps/${workload}.mjs`);
  const subjects = [];
  for (const variant of Object.keys(variants)) {
    const name = `${workload.toUpperCase()} ${variant}`;
    if (!filter('workloads', `${name} ${title}`)) continue;
    for (const n of threads) {
      const command = stepCommand(workload, variant);
      const child = new Child(n === 1 ? pinned(command) : command, { env: { ...env, GRADSMITH_THREADS: String(n) } });
      subjects.push({ name, n, child, runs: [] });
    }
  }
  for (const { child } of subjects) await child.ready();
  const everyRound = () => ({ peak: limits?.now() });
  await interleave(subjects, { rounds, seconds, warm: Math.max(0.2, seconds), everyRound });
  return subjects.map((subject) => {
    subject.child.kill();
    if (subject.error) throw new Error(`${subject.name}: ${subject.error}`);
    return bytes === undefined ? stepRow(subject, flops, limits) : latencyRow(subject, bytes, limits);
  });
}

const head = ({ name, n, child }) => ({
  id: `${name}|${n}`,
  section: 'workloads',
  name,
  threads: n,
  isa: child.about.isa,
});

const memory = (runs) => `RSS ${Math.max(...runs.map((r) => r.rssMb))} MB`;

function stepRow(subject, flops, limits) {
  const { name, n, child, runs } = subject;
  const precision = name.endsWith('bfloat16') ? 'bfloat16' : 'float32';
  const rates = runs.map(({ count, seconds }) => count / seconds);
  const shares =
    limits === null || flops === null
      ? null
      : runs.map(({ peak }, i) => (flops * rates[i]) / 1e9 / peak(child.about.isa, n, precision));
  return {
    ...head(subject),
    unit: 'steps/s',
    better: 'higher',
    value: spread(rates),
    share: shares && spread(shares),
    limit: shares && 'FMA',
    note: memory(runs),
  };
}

function latencyRow(subject, bytes, limits) {
  const { n, runs } = subject;
  const of = (key) => spread(runs.map((r) => r[key]));
  const bound = limits?.bandwidth(bytes, n, false);
  return {
    ...head(subject),
    unit: 'µs (p50)',
    better: 'lower',
    value: of('p50'),
    share: bound ? spread(runs.map(({ p50 }) => bytes / bound.gbs / 1000 / p50)) : null,
    limit: bound?.name ?? null,
    p99: of('p99'),
    p999: of('p999'),
    note: `p99 ${digits(of('p99').median)}, p99.9 ${digits(of('p999').median)}, ${memory(runs)}`,
  };
}
