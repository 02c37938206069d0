// Puts the figures of the last runs of `npm run bench` and `npm run bench:peers` into docs/performance.md and README.md, between lines
// such as `<!-- limits -->` and `<!-- /limits -->`:  node bench/markdown.mjs [--page PAGE.md] [BENCH.json PEERS.json…]
// Those of another machine go to a page of their own, as far as it has places for them.
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { digits, percent } from './harness/numbers.mjs';
import { folder } from './harness/problem.mjs';

const { values, positionals } = parseArgs({ options: { page: { type: 'string' } }, allowPositionals: true });
const [benchFile = `${folder}last.json`, ...peersFiles] = positionals;
const read = (path) => JSON.parse(readFileSync(path, 'utf8'));
const bench = read(benchFile);
const runs = (peersFiles.length > 0 ? peersFiles : [`${folder}peers.json`]).map(read);
const peers = { ...runs[0], results: Object.assign({}, ...runs.map(({ results }) => results)) };

const table = (header, rows) =>
  [header, header.map((_, i) => (i === 0 ? '---' : '---:')), ...rows]
    .map((row) => `| ${row.map((cell) => cell ?? '–').join(' | ')} |`)
    .join('\n');
const spreadText = ({ q1, q3 }, unit = '') => `${digits(q1)} – ${digits(q3)}${unit}`;
const threadsText = (n) => `${n} thread${n > 1 ? 's' : ''}`;

function limits() {
  const { threads, fma, bandwidth } = bench.limits;
  const rows = (kind, unit) =>
    Object.entries(kind).map(([name, values]) => [`${name}, ${unit}`, ...values.map(digits)]);
  const header = ['', ...threads.map(threadsText)];
  return table(header, [...rows(fma, 'GFLOP/s'), ...rows(bandwidth, 'GB/s')]);
}

/** One line a kernel, the numbers of threads side by side. */
function kernels(wanted) {
  const rows = bench.rows.filter((r) => r.section === 'kernels' && wanted(r.name));
  const threads = [...new Set(rows.map((r) => r.threads))];
  const cell = (r) => (r ? `${digits(r.value.median)} ${r.unit}, ${percent(r.share.median)} (${r.limit})` : '–');
  const names = [...new Set(rows.map((r) => r.name))];
  const find = (name, n) => rows.find((r) => r.name === name && r.threads === n);
  return table(
    ['', 'time', ...threads.map(threadsText)],
    names.map((name) => [name, find(name, threads[0]).note, ...threads.map((n) => cell(find(name, n)))]),
  );
}

function workloads() {
  const rows = bench.rows.filter((r) => r.section === 'workloads');
  return table(
    ['', 'threads', 'median', 'quartiles', 'of the limit', ''],
    rows.map((r) => [
      r.name,
      r.threads,
      `${digits(r.value.median)} ${r.unit}`,
      spreadText(r.value),
      r.share ? `${percent(r.share.median)} (${r.limit})` : '–',
      r.note,
    ]),
  );
}

function footprint() {
  const rows = bench.rows.filter((r) => r.section === 'footprint');
  return table(
    ['', 'median', 'quartiles', ''],
    rows.map((r) => [r.name, `${digits(r.value.median)} ${r.unit}`, spreadText(r.value), r.note]),
  );
}

function peer(workload) {
  const rows = peers.results[workload];
  if (rows === undefined) return 'Not measured.';
  const latency = workload === 'w6';
  const text = (r) => {
    if (r.error) return r.error;
    return latency ? `p99 ${digits(r.p99)}, p99.9 ${digits(r.p999)} µs` : '';
  };
  return table(
    ['', 'version', 'threads', latency ? 'p50, µs' : 'steps/s', 'ours is faster by', 'quartiles', 'RSS MB', ''],
    rows.map((r) => [
      r.title,
      r.version,
      r.threads,
      r.value ? digits(r.value.median) : '–',
      r.ratio ? `${digits(r.ratio.median)}x` : '–',
      r.ratio ? spreadText(r.ratio) : '–',
      r.rssMb,
      text(r),
    ]),
  );
}

function products() {
  const rows = peers.results.gemm;
  if (rows === undefined) return 'Not measured.';
  const titles = [...new Set(rows.flatMap((r) => r.cells.map((c) => c.title)))];
  const cell = (c) => (c?.gflops ? `${digits(c.gflops.median)} (${percent(c.share.median)})` : (c?.error ?? '–'));
  return table(
    ['M x N x K', 'threads', ...titles, 'over the best', 'quartiles'],
    rows.map((r) => [
      r.name,
      r.threads,
      ...titles.map((title) => cell(r.cells.find((c) => c.title === title))),
      r.ratio ? `${digits(r.ratio.median)}x` : '–',
      r.ratio ? spreadText(r.ratio) : '–',
    ]),
  );
}

/** README's table: each way of ours, and the best of the peers in the same run. */
function summary() {
  const lines = [];
  for (const workload of ['w1', 'w2', 'w5', 'w6']) {
    const rows = (peers.results[workload] ?? []).filter((r) => r.value);
    const text = (r) => `${digits(r.value.median)} ${workload === 'w6' ? 'µs' : 'steps/s'}`;
    const ours = [...new Set(rows.filter((r) => r.ours).map((r) => r.title))];
    const rivals = (n) => rows.filter((r) => !r.ours && r.ratio && r.threads === n);
    const best = (n) => rivals(n).toSorted((a, b) => a.ratio.median - b.ratio.median)[0];
    const bestText = (n) => (best(n) ? `${best(n).title}: ${text(best(n))}` : '–');
    for (const title of ours) {
      const on = (n) => rows.find((r) => r.title === title && r.threads === n);
      const cells = [1, 2].map((n) => (on(n) ? text(on(n)) : '–'));
      lines.push([`${workload.toUpperCase()}: ${title.replace('gradsmith, ', '')}`, ...cells, '', '']);
    }
    const ratios = [1, 2].map((n) => (best(n) ? `${digits(best(n).ratio.median)}x` : '–'));
    lines.push([`${workload.toUpperCase()}: best peer`, bestText(1), bestText(2), ...ratios]);
  }
  const header = ['', 'one thread', 'two threads', 'ours is faster by, one thread', 'two threads'];
  return table(header, lines);
}

const { machine, date } = bench;
const sections = {
  machine: `${machine.cpu}, ${machine.cores} cores, ${machine.system}; Node ${machine.node}; compiled by ${machine.compiler}; \
gradsmith ${machine.gradsmith} (${machine.commit}), ${date.slice(0, 10)}; peers beside ${peers.machine.commit}.`,
  limits: limits(),
  products: kernels((name) => name.startsWith('matmul')),
  groups: kernels((name) => !name.startsWith('matmul')),
  workloads: workloads(),
  footprint: footprint(),
  w1: peer('w1'),
  w2: peer('w2'),
  w5: peer('w5'),
  w6: peer('w6'),
  gemm: products(),
};

/** Puts the sections where the page has places for them: for all, or for `some`. */
function fill(path, contents, some = false) {
  const file = fileURLToPath(new URL(`../${path}`, import.meta.url));
  let text = readFileSync(file, 'utf8');
  for (const [name, content] of Object.entries(contents)) {
    const pattern = new RegExp(`<!-- ${name} -->[^]*?<!-- /${name} -->`);
    if (pattern.test(text)) text = text.replace(pattern, () => `<!-- ${name} -->\n${content}\n<!-- /${name} -->`);
    else if (!some) throw new Error(`${path} has no place for ${name}`);
  }
  writeFileSync(file, text);
}

if (values.page === undefined) {
  fill('docs/performance.md', sections);
  fill('README.md', { benchmarks: summary() });
} else {
  fill(values.page, { ...sections, benchmarks: summary() }, true);
}
