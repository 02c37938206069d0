/**
 * Relations between two dimensions that must also be decided inside generic functions, where a dimension is a type
 * parameter `N`. A conditional type on `N` itself would be deferred and reject every call; one on an object that holds
 * both dimensions, in a co- and a contravariant place, is decided at once wherever the answer is certain.
 *
 * The pair must hold the bare parameters. Wrapping a recursive conditional type in it makes the test `true` for everything.
 */
export interface DimPair<X, Y> {
  x: X;
  y: Y;
  toX: (value: X) => void;
  toY: (value: Y) => void;
}

/** Matches a pair whose first dimension is `number`. */
export interface NumberX {
  toX: (value: number) => void;
}

/** Matches a pair whose second dimension is `number`. */
export interface NumberY {
  toY: (value: number) => void;
}

/** Whether two dimensions can be equal: the same literal or type parameter, or one of them known only at run time. */
export type SameDim<X extends number, Y extends number> =
  DimPair<X, Y> extends { toX: (value: Y) => void } | { toY: (value: X) => void } | NumberX | NumberY ? true : false;

/** Whether two dimensions can broadcast: they can be equal, or one of them is 1. */
export type CompatibleDim<X extends number, Y extends number> =
  DimPair<X, Y> extends
    | { toX: (value: Y) => void }
    | { toY: (value: X) => void }
    | { x: 1 }
    | { y: 1 }
    | NumberX
    | NumberY
    ? true
    : false;

/** The dimension that two compatible ones broadcast to; the more precise one where one is `number`. */
export type BroadcastDim<X extends number, Y extends number> =
  DimPair<X, Y> extends { y: 1 } | { x: Y; toX: (value: Y) => void }
    ? X
    : DimPair<X, Y> extends { x: 1 } | NumberX
      ? Y
      : DimPair<X, Y> extends NumberY
        ? X
        : X & Y;
