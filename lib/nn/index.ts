// Tensors can be read whichever entry of the package is loaded first.
import '../runtime/reading.js';

export type { StateDict } from '../runtime/state-dict.js';
export { GELU, ReLU, Sigmoid, Tanh } from './activation.js';
export { Dropout } from './dropout.js';
export type { Initializer, InitOptions } from './init.js';
export * as init from './init.js';
export { LayerNorm, type NormOptions } from './layer-norm.js';
export { Linear, type LinearOptions } from './linear.js';
export { Module } from './module.js';
export { Sequential } from './sequential.js';
