/** Whether two types are identical (not merely assignable to each other). */
export type Identical<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;

/** One dimension as text; a dimension known only at run time reads `number`. */
export type ShowDim<X extends number> = Identical<X, number> extends true ? 'number' : `${X}`;

/** Dimensions joined by commas. */
export type JoinDims<S extends readonly number[], Text extends string = ''> = S extends readonly [
  infer Head extends number,
  ...infer Rest extends readonly number[],
]
  ? JoinDims<Rest, Text extends '' ? ShowDim<Head> : `${Text}, ${ShowDim<Head>}`>
  : Text;

/** A shape as messages print it, here and at run time: `[64, 1000]`. */
export type Show<S extends readonly number[]> = number extends S['length'] ? '[...]' : `[${JoinDims<S>}]`;
