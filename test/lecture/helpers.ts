import { type AnyTensor, type Parameter, parameter, tensor } from 'gradsmith';

/** A float64 parameter; the lecture's numbers are float64. */
export function f64(value: number | number[] | number[][]): Parameter<number[], 'float64'> {
  return parameter(tensor(value as number[], { dtype: 'float64' })) as unknown as Parameter<number[], 'float64'>;
}

/** The elements of each tensor. */
export async function values(...tensors: (AnyTensor | null)[]): Promise<number[][]> {
  return Promise.all(tensors.map(async (t) => Array.from((await t!.data()) as ArrayLike<number>)));
}

/** The one element of each tensor. */
export async function numbers(...tensors: (AnyTensor | null)[]): Promise<number[]> {
  return (await values(...tensors)).map(([v]) => v!);
}
