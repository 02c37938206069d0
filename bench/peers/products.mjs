// Matrix products beside OpenBLAS's and oneDNN's, shape by shape.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { Child, pinned } from '../harness/child.mjs';
import { capturePlans } from '../harness/kernels.mjs';
import { Limits } from '../harness/machine.mjs';
import { buildPrograms } from '../harness/native.mjs';
import { digits, percent, spread, table } from '../harness/numbers.mjs';
import { interleave } from '../harness/rounds.mjs';
import { products as all } from '../kernels.mjs';
import { peerEnvironment } from './list.mjs';
import { agree, ratio } from './workload.mjs';

const products = all.filter(({ precision }) => precision === 'float32');

/** Relative to the largest result; K goes up to 2048. */
const TOLERANCE = 1e-4;

/** Debian's libraries, NumPy's own OpenBLAS, and the oneDNN inside PyTorch. */
function libraries({ pythons, program, here }) {
  const list = [
    { title: 'OpenBLAS (Debian)', command: [program, 'openblas', 'libopenblas.so.0'] },
    { title: 'oneDNN (Debian)', command: [program, 'dnnl', debianDnnl()] },
  ];
  const numpy = pythons.get('numpy');
  if (numpy) {
    const code = 'import glob, numpy, os; print(*glob.glob(os.path.dirname(numpy.__file__) + ".libs/*openblas*"))';
    const { stdout } = spawnSync(numpy, ['-c', code], { encoding: 'utf8' });
    const library = stdout.trim().split(' ')[0];
    if (library) list.push({ title: 'OpenBLAS (NumPy)', command: [program, 'openblas', library] });
  }
  const torch = pythons.get('torch');
  if (torch) {
    const command = [torch, `${here}python/onednn_peer.py`, '-', '-', '-'];
    list.push({ title: 'oneDNN (PyTorch)', command });
  }
  return list;
}

/** The name has the version in it. */
function debianDnnl() {
  const folders = ['/usr/lib/x86_64-linux-gnu', '/usr/lib/aarch64-linux-gnu', '/usr/lib64', '/usr/lib'];
  const names = ['libdnnl.so', 'libdnnl.so.3', 'libdnnl.so.2'];
  return folders.flatMap((f) => names.map((n) => `${f}/${n}`)).find(existsSync) ?? 'libdnnl.so';
}

export async function compareProducts({ here, pythons, threads, rounds, seconds, peers }) {
  console.log('\nMatrix products, float32: GFLOP/s and share of the FMA peak');
  const { plan_bench, gemm_peer, peak } = buildPrograms('plan_bench', 'gemm_peer', 'peak');
  const limits = new Limits(peak, threads);
  const paths = capturePlans(products.map(({ name }) => name));
  const others = [];
  for (const { title, command } of libraries({ pythons, program: gemm_peer, here })) {
    if (!peers(title)) continue;
    for (const n of threads) {
      const full = [...command, String(n)];
      const child = new Child(n === 1 ? pinned(full) : full, { env: peerEnvironment(n), replace: true });
      const other = { title, threads: n, child };
      try {
        await child.ready();
        others.push(other);
      } catch (error) {
        console.log(`${title}: ${error.message}`);
        break;
      }
    }
  }
  const rows = [];
  for (const [i, product] of products.entries()) {
    const subjects = [];
    for (const n of threads) {
      const command = [plan_bench, paths[i], String(n)];
      const child = await new Child(n === 1 ? pinned(command) : command).ready();
      subjects.push({ title: 'gradsmith', threads: n, child, runs: [], ours: true });
    }
    for (const other of others) subjects.push({ ...other, runs: [], error: undefined });
    await measure(product, subjects, { limits, rounds, seconds: seconds / 5 });
    for (const { ours, child } of subjects) if (ours) child.kill();
    for (const n of threads) rows.push(rowOf(product, n, subjects));
  }
  for (const { child } of others) child.kill();
  console.log(asTable(rows, [...new Set(others.map(({ title }) => title))]));
  return rows;
}

async function measure({ m, n, k, kind }, subjects, { limits, rounds, seconds }) {
  let expected = null;
  for (const subject of subjects) {
    try {
      if (!subject.ours) await subject.child.ask(`shape ${m} ${n} ${k} ${kind}`);
      const { numbers } = await subject.child.ask('check');
      expected ??= numbers;
      if (!agree(numbers, expected, TOLERANCE)) subject.error = 'it computes something else';
    } catch (error) {
      subject.error = error.message;
    }
  }
  await interleave(subjects, { rounds, seconds, warm: seconds, everyRound: () => ({ peak: limits.now() }) });
}

const speed = ({ count, seconds }) => count / seconds;

function rowOf({ name, flops }, threads, subjects) {
  const same = subjects.filter((s) => s.threads === threads);
  const isa = same[0].child.about.isa;
  const cells = same.map((s) =>
    s.error !== undefined
      ? { title: s.title, error: s.error }
      : {
          title: s.title,
          version: s.child.about.version ?? null,
          gflops: spread(s.runs.map((r) => (speed(r) * flops) / 1e9)),
          share: spread(s.runs.map((r) => (speed(r) * flops) / 1e9 / r.peak(isa, threads))),
          ratio: ratio(same[0], s, speed),
        },
  );
  const rivals = cells.slice(1).filter((c) => c.ratio);
  const best = rivals.toSorted((a, b) => a.ratio.median - b.ratio.median)[0] ?? null;
  return {
    name: name.replace('matmul ', ''),
    threads,
    isa,
    cells,
    best: best?.title ?? null,
    ratio: best?.ratio ?? null,
  };
}

function asTable(rows, titles) {
  const cell = (c) => (c?.gflops ? `${digits(c.gflops.median)} ${percent(c.share.median)}` : (c?.error ?? '–'));
  const find = (row, title) => row.cells.find((c) => c.title === title);
  const header = ['M x N x K', 'threads', 'gradsmith', ...titles, 'over the best', 'quartiles'];
  const lines = rows.map((row) => [
    row.name,
    row.threads,
    cell(row.cells[0]),
    ...titles.map((title) => cell(find(row, title))),
    row.ratio ? `${digits(row.ratio.median)}x` : '–',
    row.ratio ? `${digits(row.ratio.q1)} – ${digits(row.ratio.q3)}` : '–',
  ]);
  return table(header, lines);
}
