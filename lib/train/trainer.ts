import { checkBatchSize, TensorDataset } from '../data/dataset.js';
import { permutation } from '../data/permutation.js';
import { type DType, INT32 } from '../dtype.js';
import { GradsmithError } from '../errors.js';
import { gradientsOf } from '../graph/gradient.js';
import type { Module } from '../nn/index.js';
import { tensor } from '../ops/index.js';
import type { Optimizer } from '../optim/index.js';
import { state } from '../parameter.js';
import { assign, evaluate, evaluateSync } from '../runtime/evaluate.js';
import { type AnyTensor, type NestedArray, stepScalar, Tensor } from '../tensor.js';
import { inMode } from './mode.js';
import type { EpochReport, EvaluateOptions, FitOptions } from './options.js';
import { Pace } from './pace.js';
import { type BatchGraph, Pass } from './pass.js';
import { Averages, type Scores } from './scores.js';

/** Examples: a dataset, or its columns (inputs first, targets last). */
export type Examples = { readonly columns: readonly AnyTensor[]; readonly length: number } | readonly (AnyTensor | readonly NestedArray[])[];

/** A function of the model's output and the targets that gives one element. */
export interface BatchFunction {
  // A method, so that functions of narrower tensors (crossEntropy) are accepted as well.
  call(output: Tensor<number[], DType>, target: Tensor<number[], DType>): AnyTensor;
}

export interface TrainerOptions<M extends string> {
  readonly model: Module;
  /** Mean loss of a batch. */
  readonly loss: BatchFunction['call'];
  readonly optimizer: Optimizer;
  /** Further numbers to report, by name; means over the batch. */
  readonly metrics?: Readonly<Record<M, BatchFunction['call']>>;
}
