/**
 * Exact products of literal dimensions. TypeScript has no arithmetic on types, so numbers are strings of decimal digits,
 * least significant first, and a digit times a digit is the length of a tuple (never more than 9·9 + 9 + 9 = 99).
 */

/** For every digit, a tuple of that length. */
export type DigitTuples = [
  [],
  [0],
  [0, 0],
  [0, 0, 0],
  [0, 0, 0, 0],
  [0, 0, 0, 0, 0],
  [0, 0, 0, 0, 0, 0],
  [0, 0, 0, 0, 0, 0, 0],
  [0, 0, 0, 0, 0, 0, 0, 0],
  [0, 0, 0, 0, 0, 0, 0, 0, 0],
];

/** The tuple of digit `A`; of nothing, the empty one. */
export type Unary<A extends string> = A extends keyof DigitTuples ? Extract<DigitTuples[A], 0[]> : [];

/** A tuple of length `A·M` for digits: `A` repeated once for every element of `M`'s tuple. */
export type UnaryProduct<A extends 0[], M extends 0[], Result extends 0[] = []> = M extends [
  0,
  ...infer Rest extends 0[],
]
  ? UnaryProduct<A, Rest, [...Result, ...A]>
  : Result;

/** `A·M + Add + Carry` for digits, as `[carry, digit]`. */
export type DigitStep<
  A extends string,
  M extends string,
  Add extends string,
  Carry extends string,
> = `${[...UnaryProduct<Unary<A>, Unary<M>>, ...Unary<Add>, ...Unary<Carry>]['length'] & number}` extends `${infer High}${infer Low}`
  ? Low extends ''
    ? ['0', High]
    : [High, Low]
  : never;

/** Number `A` times digit `M`, plus number `Sum`. */
export type TimesDigit<
  A extends string,
  M extends string,
  Sum extends string,
  Carry extends string = '0',
  Result extends string = '',
> = A extends `${infer Digit}${infer RestA}`
  ? Sum extends `${infer Add}${infer RestSum}`
    ? DigitStep<Digit, M, Add, Carry> extends [infer C extends string, infer R extends string]
      ? TimesDigit<RestA, M, RestSum, C, `${Result}${R}`>
      : never
    : DigitStep<Digit, M, '', Carry> extends [infer C extends string, infer R extends string]
      ? TimesDigit<RestA, M, '', C, `${Result}${R}`>
      : never
  : Carry extends '0'
    ? `${Result}${Sum}`
    : `${Result}${Carry}`;

/** Number `A` times number `B`, by the school method: a digit of `B` after the other, the lowest digit of the sum done each time. */
export type Times<
  A extends string,
  B extends string,
  Sum extends string = '',
  Done extends string = '',
> = B extends `${infer Digit}${infer Rest}`
  ? TimesDigit<A, Digit, Sum> extends `${infer Low}${infer High}`
    ? Times<A, Rest, High, `${Done}${Low}`>
    : never
  : `${Done}${Sum}`;

export type ReverseText<T extends string, Result extends string = ''> = T extends `${infer Head}${infer Rest}`
  ? ReverseText<Rest, `${Head}${Result}`>
  : Result;

export type StripZeros<T extends string> = T extends `0${infer Rest}` ? (Rest extends '' ? '0' : StripZeros<Rest>) : T;

/** The product as digits. */
export type ProductDigits<L extends readonly number[], Result extends string> = L extends readonly [
  infer Head extends number,
  ...infer Rest extends readonly number[],
]
  ? ProductDigits<Rest, Times<Result, ReverseText<`${Head}`>>>
  : Result;

/** The product of dimensions: exact for literals, `number` otherwise. */
export type Product<L extends readonly number[]> = number extends L['length'] | L[number]
  ? number
  : L extends readonly []
    ? 1
    : L extends readonly [infer X extends number]
      ? X
      : StripZeros<ReverseText<ProductDigits<L, '1'>>> extends `${infer N extends number}`
        ? N
        : number;
