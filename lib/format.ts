import type { DType } from './dtype.js';

// Prints tensors as NumPy does: aligned columns, at most 8 decimals, the middle left out when there are many elements.

const THRESHOLD = 1000;
const EDGE = 3;
const DECIMALS = 8;
const GAP = Number.NaN;

/**
 * `Tensor([2, 2], float32)` and, below it, the elements.
 * @example format(Float32Array.of(1, 2.5), [2], 'float32') // 'Tensor([2], float32)\n[1. , 2.5]'
 */
export function format(data: ArrayLike<number>, dims: readonly number[], dtype: DType): string {
  const shown = data.length > THRESHOLD ? EDGE : Infinity;
  const cells = columns(pick(data, dims, shown), dtype);
  let next = 0;
  const body = (axis: number, indent: string): string => {
    if (axis === dims.length) return cells[next++]!;
    const items: string[] = [];
    for (const i of indices(dims[axis]!, shown)) items.push(Object.is(i, GAP) ? '...' : body(axis + 1, `${indent} `));
    const last = axis === dims.length - 1;
    return `[${items.join(last ? ', ' : `,${'\n'.repeat(dims.length - 1 - axis)}${indent} `)}]`;
  };
  return `Tensor([${dims.join(', ')}], ${dtype})\n${body(0, '')}`;
}

/** The indices of a dimension that are shown; GAP stands for the rest. */
function indices(n: number, shown: number): number[] {
  const all = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => from + i);
  return n <= 2 * shown ? all(0, n) : [...all(0, shown), GAP, ...all(n - shown, n)];
}

function pick(data: ArrayLike<number>, dims: readonly number[], shown: number): number[] {
  const picked: number[] = [];
  const visit = (axis: number, offset: number): void => {
    if (axis === dims.length) {
      picked.push(data[offset]!);
      return;
    }
    for (const i of indices(dims[axis]!, shown)) if (!Object.is(i, GAP)) visit(axis + 1, offset * dims[axis]! + i);
  };
  visit(0, 0);
  return picked;
}

/** The numbers as strings of one width. */
function columns(values: number[], dtype: DType): string[] {
  if (dtype === 'bool') return pad(values.map((v) => (v ? 'true' : 'false')));
  if (dtype !== 'float32' && dtype !== 'float64') return pad(values.map(String));
  const magnitudes = values.filter((v) => Number.isFinite(v) && v !== 0).map(Math.abs);
  const [low, high] = [Math.min(...magnitudes), Math.max(...magnitudes)];
  const scientific = magnitudes.length > 0 && (high >= 1e8 || low < 1e-4 || high / low > 1000);
  const parts = values.map((v) => decimal(v, dtype === 'float32', scientific));
  const width = Math.max(0, ...parts.map((p) => p.fraction.length));
  return pad(
    parts.map(
      (p) =>
        p.special ??
        (scientific
          ? `${p.whole}.${p.fraction.padEnd(width, '0')}${p.exponent}`
          : `${p.whole}.${p.fraction.padEnd(width)}`),
    ),
  );
}

interface Decimal {
  whole: string;
  fraction: string;
  exponent: string;
  special?: string;
}

/** Shortest digits that give the number back, cut at DECIMALS. */
function decimal(v: number, single: boolean, scientific: boolean): Decimal {
  const none = { whole: '', fraction: '', exponent: '' };
  if (!Number.isFinite(v)) return { ...none, special: Number.isNaN(v) ? 'nan' : v > 0 ? 'inf' : '-inf' };
  let digits = v.toExponential();
  if (single) {
    for (let p = 0; p < 9; p++) {
      digits = v.toExponential(p);
      if (Math.fround(Number(digits)) === v) break;
    }
  }
  let text = scientific ? digits : Number(digits).toFixed(Math.min(DECIMALS, fractionDigits(digits)));
  let exponent = '';
  if (scientific) {
    if (fractionDigits(digits) > DECIMALS && digits.indexOf('e') > DECIMALS + 2) text = v.toExponential(DECIMALS);
    const [mantissa, power] = text.split('e') as [string, string];
    text = mantissa;
    exponent = `e${power[0]}${power.slice(1).padStart(2, '0')}`;
  }
  const [whole, fraction = ''] = text.split('.') as [string, string?];
  return { whole: Object.is(v, -0) ? '-0' : whole, fraction: fraction.replace(/0+$/, ''), exponent };
}

/** Digits after the point when written out, of a number in scientific notation. */
function fractionDigits(scientific: string): number {
  const [mantissa, power] = scientific.split('e') as [string, string];
  return Math.max(0, (mantissa.split('.')[1]?.length ?? 0) - Number(power));
}

function pad(cells: string[]): string[] {
  const width = Math.max(0, ...cells.map((c) => c.length));
  return cells.map((c) => c.padStart(width));
}
