import { GradsmithError } from '../errors.js';
import { tensor } from '../ops/index.js';
import type { Tensor } from '../tensor.js';
import { TensorDataset } from './dataset.js';

const PIXELS = 64;
const LARGEST = 16;

/** Images `[n, 64]` with pixels from 0 (paper) to 1 (ink), and labels 0 to 9. */
export type Digits = TensorDataset<[Tensor<[number, 64]>, Tensor<[number], 'int32'>]>;

/**
 * Reads the 8x8 digits of UCI in scikit-learn's format: gzipped CSV, 64 pixels of 0..16 and the label a line.
 * @throws ERR_VALUE when the file is not of that format.
 * @example const [train, test] = (await loadDigits('examples/data/digits.csv.gz')).split([0.8, 0.2], { seed: 0 });
 */
export async function loadDigits(file: string | URL): Promise<Digits> {
  const text = (await unzip(file)).toString('latin1');
  const lines = text.split('\n').filter((line) => line.trim() !== '');
  const pixels = new Float32Array(lines.length * PIXELS);
  const labels = new Int32Array(lines.length);
  for (const [i, line] of lines.entries()) {
    const values = line.split(',').map(Number);
    const label = values.pop()!;
    if (values.length !== PIXELS || values.some((v) => !(v >= 0 && v <= LARGEST)) || !(label >= 0 && label <= 9)) {
      throw new GradsmithError('ERR_VALUE', `loadDigits: line ${i + 1} is not 64 pixels of 0..16 and a digit`);
    }
    pixels.set(
      values.map((v) => v / LARGEST),
      i * PIXELS,
    );
    labels[i] = label;
  }
  const images = tensor(pixels, { shape: [lines.length, PIXELS] });
  return new TensorDataset(images, tensor(labels, { dtype: 'int32' })) as unknown as Digits;
}

/** Loads what it needs when it is needed: most programs that import this package read no such file. */
async function unzip(file: string | URL): Promise<Buffer> {
  const [{ readFile }, { promisify }, { gunzip }] = await Promise.all([
    import('node:fs/promises'),
    import('node:util'),
    import('node:zlib'),
  ]);
  return promisify(gunzip)(await readFile(file));
}
