// Arrays of a problem as gradsmith's tensors.
import { parameter, tensor, transpose } from 'gradsmith';
import { Linear, ReLU, Sequential } from 'gradsmith/nn';

export const toTensor = ({ shape, data }) =>
  tensor(data, { shape, dtype: data instanceof Int32Array ? 'int32' : 'float32' });
export const toParameter = (array) => parameter(toTensor(array));

/** Puts `[in, out]` weights into the layers of a model, whose own are `[out, in]`. */
export function load(model, layers) {
  const state = {};
  for (const [name, weight, bias] of layers) {
    state[`${name}.weight`] = transpose(toTensor(weight));
    if (bias) state[`${name}.bias`] = toTensor(bias);
  }
  model.loadStateDict(state);
  return model;
}

/** W2's network: 784-512-256-10. */
export function mlp(arrays) {
  const model = new Sequential(new Linear(784, 512), new ReLU(), new Linear(512, 256), new ReLU(), new Linear(256, 10));
  return load(model, [
    ['0', arrays.w1, arrays.b1],
    ['2', arrays.w2, arrays.b2],
    ['4', arrays.w3, arrays.b3],
  ]);
}

/** `array` again and again, `times` in all. */
export function repeated({ shape: [rows, ...rest], data }, times) {
  const out = new data.constructor(data.length * times);
  for (let i = 0; i < times; i++) out.set(data, i * data.length);
  return { shape: [rows * times, ...rest], data: out };
}
