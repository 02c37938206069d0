// Rows of a run as a table, a file and a chart.
import { writeFileSync } from 'node:fs';
import { barChart } from './chart.mjs';
import { digits, percent, table } from './numbers.mjs';

/**
 * @typedef {object} Row
 * @property {string} id unique in a run; what --compare matches by
 * @property {'kernels' | 'workloads' | 'footprint'} section
 * @property {string} name
 * @property {number} threads
 * @property {string} isa
 * @property {string} unit
 * @property {'higher' | 'lower'} better
 * @property {{low, q1, median, q3, high}} value
 * @property {{low, q1, median, q3, high} | null} share of the limit
 * @property {string | null} limit
 * @property {string} note what else there is to say: percentiles, memory
 */

const HEADER = ['', 'threads', 'median', 'quartiles', 'unit', 'of limit', 'limit', ''];

export function rowsAsTable(rows) {
  return table(
    HEADER,
    rows.map((r) => [
      r.name,
      r.threads || '–',
      digits(r.value.median),
      `${digits(r.value.q1)} – ${digits(r.value.q3)}`,
      r.unit,
      percent(r.share?.median),
      r.limit ?? '–',
      r.note,
    ]),
  );
}

export function machineAsText(machine, limits) {
  const lines = [
    `${machine.cpu}, ${machine.cores} cores; ${machine.system}`,
    `gradsmith ${machine.gradsmith} (${machine.commit}), Node ${machine.node}, compiled by ${machine.compiler}`,
  ];
  if (limits === null) return lines.join('\n');
  const on = limits.threads.map((n) => `${n} thread${n > 1 ? 's' : ''}`);
  const rates = (kind) => Object.entries(limits[kind]).map(([name, values]) => [name, ...values.map(digits)]);
  lines.push('', table(['FMA peak, GFLOP/s', ...on], rates('fma')));
  lines.push('', table(['bandwidth, GB/s', ...on], rates('bandwidth')));
  return lines.join('\n');
}

export function rowsAsChart(rows, machine) {
  const sections = [...new Set(rows.map((r) => r.section))];
  const threads = [...new Set(rows.map((r) => r.threads).filter((n) => n > 0))];
  return barChart({
    title: `gradsmith ${machine.gradsmith} on ${machine.cpu}, ${[...new Set(rows.map((r) => r.isa).filter(Boolean))].join(' and ')}`,
    axis: 'share of the limit (FMA peak or bandwidth), median and quartiles',
    groups: sections.map((section) => ({
      heading: section,
      bars: rows
        .filter((r) => r.section === section)
        .map((r) => ({
          label: r.threads ? `${r.name}, ${r.threads} thread${r.threads > 1 ? 's' : ''}` : r.name,
          series: Math.max(0, threads.indexOf(r.threads)),
          share: r.share,
          text: `${digits(r.value.median)} ${r.unit}`,
        })),
    })),
  });
}

export function writeJson(path, content) {
  writeFileSync(path, `${JSON.stringify(content, null, 1)}\n`);
}
