import * as gs from 'gradsmith';
import { type Dumped, load, readParity } from '../fixtures/parity.js';

type Any = gs.Tensor<number[], gs.DType>;

/** One call of an op in PyTorch: inputs, value, and the gradients of sum(seed · value). */
export interface Case {
  name: string;
  op: string;
  inputs: Dumped[];
  options: {
    axis?: number;
    keepDims?: boolean;
    shape?: number[];
    permutation?: number[];
    classes?: number;
    eps?: number;
  };
  value: Dumped;
  seed?: Dumped;
  gradients?: (Dumped | null)[];
}

export const { cases } = readParity<{ cases: Case[] }>('ops');

type Call = (inputs: Any[], options: Case['options']) => Any;
const ops = gs as unknown as Record<string, (...args: unknown[]) => Any>;

/** How an op of the file is called here, where it is not op(...inputs, options). */
const CALLS: Record<string, Call> = {
  transpose: ([x], { permutation }) => ops.transpose!(x, permutation),
  reshape: ([x], { shape }) => ops.reshape!(x, shape),
  broadcastTo: ([x], { shape }) => ops.broadcastTo!(x, shape),
  layerNorm: ([x, gamma, beta], { eps }) => ops.layerNorm!(x, gamma, beta, { eps }),
  oneHot: ([labels], { classes }) => ops.oneHot!(labels, classes, { dtype: 'float64' }),
};

export function call({ op, options }: Case, inputs: Any[]): Any {
  const own = CALLS[op];
  if (own !== undefined) return own(inputs, options);
  return Object.keys(options).length === 0 ? ops[op]!(...inputs) : ops[op]!(...inputs, options);
}

/** The inputs of a case; those that have a gradient are parameters. */
export function inputsOf({ inputs, gradients }: Case): Any[] {
  return inputs.map((dump, i) => {
    const t = load(dump);
    return (gradients?.[i] ? gs.parameter(t) : t) as unknown as Any;
  });
}

/** The gradients of sum(seed · value) with respect to the inputs that have one. */
export function gradientsOf({ seed, gradients }: Case, inputs: Any[], value: Any): { of: Any[]; gradients: Any[] } {
  const of = inputs.filter((_, i) => gradients?.[i]);
  const weighted = ops.sum!(ops.mul!(value, load(seed!)));
  return { of, gradients: gs.gradients(weighted, of) as Any[] };
}
