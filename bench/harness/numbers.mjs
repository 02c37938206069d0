// Order statistics, and numbers as text.

/** The value below which a share `q` of the list lies, between neighbours linearly. */
export function quantile(list, q) {
  const sorted = Float64Array.from(list).sort();
  const at = q * (sorted.length - 1);
  const low = Math.floor(at);
  const high = Math.min(low + 1, sorted.length - 1);
  return sorted[low] + (at - low) * (sorted[high] - sorted[low]);
}

/** Median, quartiles and extremes: how every list of measurements is reported. */
export function spread(list) {
  return {
    low: quantile(list, 0),
    q1: quantile(list, 0.25),
    median: quantile(list, 0.5),
    q3: quantile(list, 0.75),
    high: quantile(list, 1),
  };
}

export function digits(x) {
  if (x === null || x === undefined || !Number.isFinite(x)) return '–';
  if (x >= 1000) return Math.round(x).toLocaleString('en-US');
  return x >= 100 ? x.toFixed(0) : x.toPrecision(x >= 10 ? 3 : 2);
}

export const percent = (share) => (Number.isFinite(share) && share !== null ? `${Math.round(100 * share)} %` : '–');

/** Rows of text in columns: the first to the left, numbers to the right. */
export function table(header, rows, { left = 1 } = {}) {
  const all = [header, ...rows].map((row) => row.map(String));
  const widths = header.map((_, i) => Math.max(...all.map((row) => row[i].length)));
  const line = (row) => row.map((text, i) => (i < left ? text.padEnd(widths[i]) : text.padStart(widths[i]))).join('  ');
  return [line(all[0]), widths.map((w) => '─'.repeat(w)).join('──'), ...all.slice(1).map(line)]
    .map((text) => text.trimEnd())
    .join('\n');
}
