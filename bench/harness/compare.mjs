// This run against an older one's file: the ratio of medians, and whether it is more than noise.
import { readFileSync } from 'node:fs';
import { digits, table } from './numbers.mjs';

/**
 * Rows of both runs with the same id. The ratio is of speeds: above 1 is faster. Its interval has the quartiles of one run against the opposite
 * ones of the other; where that contains 1, the difference is noise.
 */
export function compare(now, before) {
  const old = new Map(before.map((row) => [row.id, row]));
  return now
    .filter((row) => old.has(row.id))
    .map((row) => {
      const [a, b] = [row.value, old.get(row.id).value];
      const speed = (x, y) => (row.better === 'lower' ? y / x : x / y);
      const [low, high] = [speed(a.q1, b.q3), speed(a.q3, b.q1)].sort((x, y) => x - y);
      const ratio = speed(a.median, b.median);
      return { id: row.id, ratio, low, high, verdict: low > 1 ? 'faster' : high < 1 ? 'slower' : '' };
    });
}

export function comparison(rows, file) {
  const old = JSON.parse(readFileSync(file, 'utf8'));
  const compared = compare(rows, old.rows);
  const lines = compared.map((c) => [
    c.id,
    digits(c.ratio),
    `${digits(c.low)} – ${digits(c.high)}`,
    c.verdict || 'noise',
  ]);
  const head = `Against ${file} (${old.date}, ${old.machine.commit}): speed now / then`;
  return { compared, text: `${head}\n${table(['', 'ratio', 'interval', ''], lines)}` };
}
