export { type BatchOptions, type Column, type RowsOf, TensorDataset } from './dataset.js';
export { type Digits, loadDigits } from './digits.js';
export { permutation, type ShuffleOptions } from './permutation.js';
