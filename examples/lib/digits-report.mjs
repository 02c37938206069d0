import { gather, tensor } from 'gradsmith';

const SHADES = ' ░▒▓█';

/** An image of the dataset in block characters, with its label. */
export async function picture(dataset, index) {
  const [image, label] = dataset.columns.map((c) => gather(c, tensor([index], { dtype: 'int32' })));
  const pixels = await image.data();
  const line = (r) =>
    Array.from(pixels.subarray(8 * r, 8 * r + 8), (v) => SHADES[Math.min(4, Math.floor(v * 5))].repeat(2)).join('');
  const rows = Array.from({ length: 8 }, (_, r) => `    ${line(r)}`);
  return `${rows.join('\n')}   a ${await label.item()}`;
}

/** Rows: the digit; columns: what the network took it for. */
export function confusionMatrix(labels, predicted) {
  const counts = Array.from({ length: 10 }, () => new Array(10).fill(0));
  for (const [i, label] of labels.entries()) counts[label][predicted[i]]++;
  const cell = (text) => String(text).padStart(4);
  const head = `  taken for${Array.from({ length: 10 }, (_, d) => cell(d)).join('')}`;
  const rows = counts.map((row, d) => `  digit ${d}  ${row.map((n) => cell(n === 0 ? '·' : n)).join('')}`);
  return [head, ...rows].join('\n');
}
