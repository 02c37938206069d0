import { op } from './op.js';

/** The same elements in memory of their own: how a plan hands out what a parameter holds. */
export const Copy = op({
  name: 'copy',
  micro: 'copy',
  shape: ([x]) => x!.extent,
  dtype: ([x]) => x!.type,
  gradient: (_inputs, _y, dy) => [dy],
  forward: (_inputs, _y, [dx]) => dx!,
});
