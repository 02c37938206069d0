import type { DType } from '../dtype.js';
import type { Module } from '../nn/index.js';
import type { Optimizer } from '../optim/index.js';
import type { AnyTensor, NestedArray, Tensor } from '../tensor.js';
import type { Scores } from './scores.js';

/** Examples: a dataset, or its columns (inputs first, targets last); arrays become float32. */
export type Examples =
  | { readonly columns: readonly AnyTensor[]; readonly length: number }
  | readonly (AnyTensor | readonly NestedArray[])[];

/** Holds its signature as a method, so that functions of narrower tensors (crossEntropy) are accepted as well. */
export interface OfBatch {
  of(output: Tensor<number[], 'float32'>, target: Tensor<number[], DType>): AnyTensor;
}

export interface TrainerOptions<M extends string> {
  model: Module;
  /** Mean loss of a batch, from the model's output and the targets. */
  loss: OfBatch['of'];
  optimizer: Optimizer;
  /** Further numbers to report, by name; means over a batch. */
  metrics?: Readonly<Record<M, OfBatch['of']>>;
}

/** Where a fit is. */
export interface Progress<M extends string = string> {
  /** Of this epoch, from 1. */
  epoch: number;
  epochs: number;
  /** Steps done in this fit, of how many. */
  step: number;
  steps: number;
  /** Averages over this epoch so far, while training. */
  scores: Scores<M>;
  samplesPerSecond: number;
  secondsLeft: number;
}

/** What an epoch came to. */
export interface EpochReport<M extends string = string> {
  /** From 1. */
  epoch: number;
  /** Averages over the epoch, each batch as it was trained on: the first ones with older weights. */
  scores: Scores<M>;
  /** On the validation data, after the epoch. */
  validation?: Scores<M>;
  seconds: number;
}

export interface FitOptions<M extends string = string> {
  epochs: number;
  /** Default 32. */
  batchSize?: number;
  /** A new order each epoch? Default true. */
  shuffle?: boolean;
  /** Of the orders; default: the generator of `manualSeed`. */
  seed?: number;
  /** Leave out a last batch with fewer rows? Default false. */
  dropLast?: boolean;
  /** Evaluated after each epoch. */
  validation?: Examples;
  /** Stops after the step that is under way; `fit` then throws ERR_ABORTED. */
  signal?: AbortSignal;
  /** Called a few times a second, and at the end. */
  onProgress?: (progress: Progress<M>) => void;
  /** Called, and awaited, after each epoch; returning `false` stops. */
  onEpoch?: (report: EpochReport<M>) => unknown;
}

export interface EvaluateOptions {
  /** Default 256. */
  batchSize?: number;
  signal?: AbortSignal;
}
