import { describe, expect, it } from 'vitest';
import { walk } from '../../lib/graph/walk.js';
import { add, parameter, sum, tensor } from '../../lib/index.js';
import { assign } from '../../lib/runtime/parameter.js';
import { lazily } from '../lazy.js';

describe('a walk', () => {
  lazily();

  it('that ends in an error keeps no tensor alive', async () => {
    const p = parameter(tensor([1, 2]));
    const y = add(sum(tensor([7, 7, 7])), p);
    assign(p, new Float32Array([3, 4]));
    await expect(y.data()).rejects.toMatchObject({ code: 'ERR_STALE' });
    expect([walk.nodes, walk.leaves, walk.scalars].flat().filter((t) => t !== null)).toEqual([]);
  });
});
