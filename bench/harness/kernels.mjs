// Kernels one by one, in C++ without Node: each is a plan of a program in bench/kernels.mjs, in a process of its own.
import { spawnSync } from 'node:child_process';
import { existsSync, statSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { catalogue } from '../kernels.mjs';
import { fileName } from './capture.mjs';
import { Child, pinned } from './child.mjs';
import { spread } from './numbers.mjs';
import { folder } from './problem.mjs';
import { interleave } from './rounds.mjs';

const script = fileURLToPath(new URL('capture.mjs', import.meta.url));
const list = fileURLToPath(new URL('../kernels.mjs', import.meta.url));
const built = fileURLToPath(new URL('../../dist/.built', import.meta.url));

/** Writes the plans of these kernels, unless they are newer than the package and the catalogue. Returns their paths. */
export function capturePlans(names, module = list) {
  const path = (name) => `${folder}plans/${fileName(name)}.plan`;
  const source = Math.max(statSync(module).mtimeMs, existsSync(built) ? statSync(built).mtimeMs : Date.now());
  const stale = names.filter((name) => !existsSync(path(name)) || statSync(path(name)).mtimeMs <= source);
  if (stale.length > 0) {
    const { status, stderr } = spawnSync(process.execPath, [script, module, `${folder}plans`, ...stale], {
      encoding: 'utf8',
    });
    if (status !== 0) throw new Error(`plans could not be written: ${stderr}`);
  }
  return names.map(path);
}

/** @returns rows as of report.mjs */
export async function measureKernels({ program, limits, filter, threads, env, rounds, seconds }) {
  const kernels = catalogue.filter(({ name, family }) => filter(`kernels ${family}`, name));
  const paths = capturePlans(kernels.map(({ name }) => name));
  const rows = [];
  for (const [i, kernel] of kernels.entries()) {
    const subjects = [];
    for (const n of threads) {
      const command = [program, paths[i], String(n)];
      subjects.push({ n, runs: [], child: new Child(n === 1 ? pinned(command) : command, { env }) });
    }
    for (const { child } of subjects) await child.ready();
    const everyRound = () => ({ peak: kernel.flops > 0 ? limits.now() : () => 0 });
    await interleave(subjects, { rounds, seconds, warm: seconds, everyRound });
    for (const subject of subjects) {
      subject.child.kill();
      if (subject.error) throw new Error(`${kernel.name}: ${subject.error}`);
      rows.push(rowOf(kernel, subject, limits));
    }
  }
  return rows;
}

/** The nearer limit decides: arithmetic at the FMA peak, or each byte once at the bandwidth of the level that holds them. */
function rowOf({ name, flops, bytes, held = bytes, family, precision }, { n, child, runs }, limits) {
  const { isa } = child.about;
  const reads = family === 'matmul' || name.startsWith('sum');
  const memory = limits.bandwidth(held, n, !reads);
  const atBandwidth = bytes / memory.gbs;
  const perRound = runs.map(({ count, seconds, peak }) => {
    const ns = (1e9 * seconds) / count;
    const atPeak = flops === 0 ? 0 : flops / peak(isa, n, precision);
    return { ns, atPeak: Number.isFinite(atPeak) ? atPeak : 0 };
  });
  const bound = perRound.map(({ atPeak }) => Math.max(atPeak, atBandwidth));
  const byFma = perRound[0].atPeak > atBandwidth;
  const rate = perRound.map(({ ns }) => (family === 'matmul' ? flops : bytes) / ns);
  return {
    id: `${name}|${n}`,
    section: 'kernels',
    name,
    threads: n,
    isa,
    unit: family === 'matmul' ? 'GFLOP/s' : 'GB/s',
    better: 'higher',
    value: spread(rate),
    share: spread(perRound.map(({ ns }, i) => bound[i] / ns)),
    limit: byFma ? 'FMA' : memory.name,
    note: time(spread(perRound.map(({ ns }) => ns)).median),
  };
}

const time = (ns) =>
  ns < 1000 ? `${ns.toFixed(1)} ns` : ns < 1e6 ? `${(ns / 1e3).toFixed(2)} µs` : `${(ns / 1e6).toFixed(2)} ms`;
