import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  broadcastView,
  isContiguous,
  permuteView,
  reshapeView,
  sizeOfDims,
  type View,
  wholeView,
} from '../../lib/graph/view.js';

/** The places in memory that a view names, in row-major order: what a view means. */
function places(view: View): number[] {
  const out: number[] = [];
  const visit = (axis: number, at: number): void => {
    if (axis === view.dims.length) {
      out.push(at);
      return;
    }
    for (let i = 0; i < view.dims[axis]!; i++) visit(axis + 1, at + i * view.strides[axis]!);
  };
  visit(0, view.offset);
  return out;
}

/** Views as ops make them: whole values, permuted, broadcast, reshaped. */
const dims = fc.array(fc.integer({ min: 1, max: 4 }), { maxLength: 4 });
const views = fc
  .tuple(dims, fc.array(fc.nat(), { minLength: 4, maxLength: 4 }), fc.boolean())
  .map(([d, keys, spread]) => {
    const order = d.map((_, i) => i).sort((a, b) => keys[a]! - keys[b]! || a - b);
    const view = permuteView(wholeView(0, d), order);
    return spread ? broadcastView(view, [2, ...view.dims]) : view;
  });

function factorizations(n: number): number[][] {
  if (n === 1) return [[], [1]];
  const out = [[n], [1, n], [n, 1]];
  for (let a = 2; a < n; a++) if (n % a === 0) out.push([a, n / a]);
  for (let a = 2; a < n; a++) for (let b = 2; a * b < n; b++) if (n % (a * b) === 0) out.push([a, b, n / (a * b)]);
  return out;
}

describe('reshapeView', () => {
  it('names the same places in the same order, or says that it cannot', () => {
    fc.assert(
      fc.property(views, (view) => {
        for (const to of factorizations(sizeOfDims(view.dims))) {
          const reshaped = reshapeView(view, to);
          if (reshaped === null) expect(isContiguous(view)).toBe(false);
          else expect(places(reshaped)).toEqual(places(view));
        }
      }),
    );
  });

  it('splits and joins the dimensions of a transposed matrix where they are evenly spaced', () => {
    const transposed = permuteView(wholeView(0, [4, 6]), [1, 0]);
    expect(reshapeView(transposed, [2, 3, 4])?.strides).toEqual([3, 1, 6]);
    expect(reshapeView(transposed, [24])).toBeNull();
  });
});

describe('isContiguous', () => {
  it('says whether the places are consecutive', () => {
    fc.assert(
      fc.property(views, (view) => {
        const at = places(view);
        expect(isContiguous(view)).toBe(at.every((p, i) => p === at[0]! + i));
      }),
    );
  });
});
