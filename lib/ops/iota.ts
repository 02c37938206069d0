import { op } from '../graph/op.js';
import { extentOf } from '../shape.js';
import { checkType, numeric } from './build.js';

/** `start + i · step`. The inputs, start and step, are numbers of the run; the attribute is the shape's id times 8 plus the dtype. */
export const Iota = op({
  name: 'iota',
  shape: (_inputs, attr) => extentOf(attr >> 3),
  dtype: (_inputs, attr) => checkType('iota', attr & 7, numeric),
  instruction: { name: 'iota', scalars: [0, 1] },
});
