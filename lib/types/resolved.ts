import type { Shape } from '../shape.js';

/** The shape that a rule computed, or an unknown shape where it gave an error text: so one mistake is one message. */
export type Resolved<R> = R extends infer S extends Shape ? S : Shape;

/** A shape as a caller writes it: with the rule's own `-1` still in it. */
export type Dims = readonly number[];
