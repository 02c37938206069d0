// What a sweep over sizes is looked at for.

const FALL = 0.75;

/**
 * Neighbouring sizes of one shape between which the share falls by more than a quarter.
 * @param {{ shape: string, n: number, share: number }[]} points by growing n in each shape; shares in percent
 */
export function falls(points) {
  const last = new Map();
  const found = [];
  for (const point of points) {
    const { shape, n, share } = point;
    const before = last.get(shape);
    if (before !== undefined && share < FALL * before.share) {
      const text = [before.n, n, `${before.share.toFixed(1)} %`, `${share.toFixed(1)} %`];
      found.push({ shape, from: before.n, to: n, text });
    }
    last.set(shape, point);
  }
  return found;
}
