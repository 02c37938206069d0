// Tensors can be read whichever entry of the package is loaded first.
import '../runtime/reading.js';

export { type BatchOptions, type Column, type RowsOf, TensorDataset } from './dataset.js';
export { type Digits, loadDigits } from './digits.js';
export { permutation, type ShuffleOptions } from './permutation.js';
