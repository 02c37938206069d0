// One workload in gradsmith and in its peers.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { Child, pinned } from '../harness/child.mjs';
import { digits, spread, table } from '../harness/numbers.mjs';
import { makeProblem, readProblem } from '../harness/problem.mjs';
import { interleave } from '../harness/rounds.mjs';
import { stepCommand } from '../harness/workloads.mjs';
import { peerEnvironment, peersOf } from './list.mjs';

/** Do the numbers agree, relative to the largest of them? */
export function agree(numbers, expected, tolerance) {
  const scale = Math.max(...expected.map(Math.abs));
  return (
    numbers.length === expected.length &&
    numbers.every((x, i) => x !== null && Math.abs(x - expected[i]) <= tolerance * scale)
  );
}

/** Speeds of each round over each other's: what drifts, drifts for both. */
export function ratio(ours, theirs, speed) {
  const pairs = ours.runs.map((run) => [run, theirs.runs.find(({ round }) => round === run.round)]);
  return spread(pairs.filter(([, b]) => b !== undefined).map(([a, b]) => speed(a) / speed(b)));
}

/** Once. Packages that the registry does not have are skipped by npm; their peers report it. */
function installNodePeers(here) {
  if (existsSync(`${here}node_modules`)) return;
  console.log('installing the npm peers under bench/peers …');
  const flags = ['--ignore-scripts', '--no-audit', '--no-fund', '--no-package-lock', '--loglevel=error'];
  const { status } = spawnSync('npm', ['install', ...flags], {
    cwd: here,
    stdio: 'inherit',
    shell: process.platform === 'win32',
  });
  if (status !== 0) console.log('npm install failed; what is missing is reported below');
}

export async function compareWorkload(workload, { here, pythons, threads, rounds, seconds, peers }) {
  const { variants, title, bytes } = await import(`../steps/${workload}.mjs`);
  const latency = bytes !== undefined;
  const problem = makeProblem(workload);
  const { tolerance } = readProblem(problem);
  const speed = latency ? ({ p50 }) => 1e6 / p50 : ({ count, seconds: s }) => count / s;
  console.log(`\n${workload.toUpperCase()}: ${title}`);

  const most = Math.max(...threads);
  // Peers compute in float32.
  const names = Object.keys(variants).filter((name) => !name.endsWith('bfloat16'));
  const ours = names.flatMap((variant) =>
    (workload === 'w5' ? [1] : threads).map((n) => ({
      title: `gradsmith, ${variant}`,
      ours: true,
      threads: n,
      command: stepCommand(workload, variant),
    })),
  );
  const theirs = peersOf(workload, { pythons, most, here, problem }).filter((p) => peers(p.title));
  if (theirs.some(({ npm }) => npm !== undefined)) installNodePeers(here);
  const subjects = [...ours, ...theirs.filter((p) => threads.includes(p.threads))];
  let expected = null;
  for (const subject of subjects) begin(subject);
  for (const subject of subjects) expected = (await check(subject, expected, tolerance)) ?? expected;
  await interleave(
    subjects.filter((s) => s.error === undefined),
    { rounds, seconds, warm: Math.max(seconds, 0.5) },
  );
  for (const { child } of subjects) child?.kill();

  const rows = subjects.map((subject) => rowOf(subject, subjects, speed, latency));
  console.log(asTable(rows, latency));
  return rows;
}

/** Starts the process; all of them set themselves up at the same time. */
function begin(subject) {
  subject.runs = [];
  if (subject.missing) {
    subject.error = subject.missing;
    return;
  }
  const command = subject.threads === 1 ? pinned(subject.command) : subject.command;
  subject.child = new Child(command, {
    env: subject.ours ? { GRADSMITH_THREADS: String(subject.threads) } : peerEnvironment(subject.threads),
    replace: !subject.ours,
  });
}

/** Checks what it computes; the first of ours says what is expected. */
async function check(subject, expected, tolerance) {
  if (subject.error !== undefined) return;
  try {
    await subject.child.ready();
    const { numbers } = await subject.child.ask('check');
    subject.numbers = numbers;
    if (expected !== null && !agree(numbers, expected, tolerance)) {
      subject.differs = `it computes ${numbers[0]}, not ${expected[0]}`;
      if (subject.ours) subject.error = subject.differs;
    }
    return expected ?? numbers;
  } catch (error) {
    subject.error = error.message;
  }
}

/** Against the best of ours on as many threads. */
function rowOf(subject, subjects, speed, latency) {
  const { title, threads, error, differs, runs, child, ours } = subject;
  const row = {
    title,
    threads,
    ours: ours ?? false,
    version: child?.about?.version ?? null,
    error: error ?? differs ?? null,
  };
  if (error !== undefined || runs.length === 0) return row;
  const best = subjects
    .filter((s) => s.ours && s.threads === threads && s.runs.length > 0)
    .toSorted((a, b) => spread(b.runs.map(speed)).median - spread(a.runs.map(speed)).median)[0];
  return {
    ...row,
    value: spread(runs.map(latency ? (r) => r.p50 : speed)),
    p99: latency ? spread(runs.map((r) => r.p99)).median : undefined,
    p999: latency ? spread(runs.map((r) => r.p999)).median : undefined,
    rssMb: Math.max(...runs.map((r) => r.rssMb)),
    ratio: differs || best === undefined ? null : ratio(best, subject, speed),
    against: best?.title ?? null,
  };
}

function asTable(rows, latency) {
  const header = [
    '',
    'version',
    'threads',
    latency ? 'p50 µs' : 'steps/s',
    'ours is faster by',
    'quartiles',
    'RSS MB',
    '',
  ];
  const lines = rows.map((r) => [
    r.title,
    r.version ?? '–',
    r.threads,
    digits(r.value?.median),
    r.ratio ? `${digits(r.ratio.median)}x` : '–',
    r.ratio ? `${digits(r.ratio.q1)} – ${digits(r.ratio.q3)}` : '–',
    r.rssMb ?? '–',
    r.error ?? (latency ? `p99 ${digits(r.p99)}, p99.9 ${digits(r.p999)}` : ''),
  ]);
  return table(header, lines);
}
