import './driver.js';
import './methods.js';

export { gelu, relu, sigmoid, tanh } from './activation.js';
export { argmax, argmin } from './argreduce.js';
export { abs, add, div, maximum, minimum, mul, neg, reciprocal, sign, square, sub } from './arithmetic.js';
export { cast, stopGradient } from './cast.js';
export { equal, greater, greaterEqual, less, lessEqual, notEqual } from './comparison.js';
export { type ArangeOptions, arange, type CreateOptions, full, ones, zeros } from './create.js';
export { onesLike, zerosLike } from './fill.js';
export { dynamicSlice, gather, scatterAdd } from './gather.js';
export { logicalAnd, logicalNot, logicalOr } from './logical.js';
export { crossEntropy, type LossOptions, mse } from './loss.js';
export { type MatmulOptions, matmul } from './matmul.js';
export { type LayerNormOptions, layerNorm } from './norm.js';
export { oneHot } from './onehot.js';
export {
  type DropoutOptions,
  dropout,
  type RandintOptions,
  type RandomOptions,
  rand,
  randint,
  randn,
} from './random.js';
export { max, mean, min, sum } from './reduce.js';
export { broadcastTo, expandDims, flatten, reshape, squeeze, transpose } from './shape.js';
export { logSoftmax, type SoftmaxOptions, softmax } from './softmax.js';
export { type ShapedOptions, type TensorOptions, tensor } from './tensor.js';
export { cos, erf, exp, log, sin, sqrt } from './transcendental.js';
export { where } from './where.js';
