import type { Rng } from '../random.ts';

/** Points of a demonstration that are compared; enough to tell paths apart, whatever their length. */
const waypoints = 20;

/**
 * Describes every episode by its observations at {@link waypoints} equally spaced times (interpolated linearly),
 * so that demonstrations of different length can be compared.
 *
 * @param observations - normalized, row-major, shape `[N, Do]`.
 * @param episodeStarts - shape `[E + 1]`.
 * @returns row-major, shape `[E, waypoints · Do]`.
 */
export function episodeShapes(
  observations: Float32Array,
  width: number,
  episodeStarts: Int32Array,
): Float64Array {
  const episodes = episodeStarts.length - 1;
  const shapes = new Float64Array(episodes * waypoints * width);
  let at = 0;
  for (let episode = 0; episode < episodes; episode++) {
    const first = episodeStarts[episode] as number;
    const last = (episodeStarts[episode + 1] as number) - 1;
    for (let point = 0; point < waypoints; point++) {
      const time = first + ((last - first) * point) / (waypoints - 1);
      const before = Math.min(Math.floor(time), last);
      const after = Math.min(before + 1, last);
      const fraction = time - before;
      for (let d = 0; d < width; d++) {
        const a = observations[before * width + d] as number;
        const b = observations[after * width + d] as number;
        shapes[at++] = a + fraction * (b - a);
      }
    }
  }
  return shapes;
}

/**
 * Chooses points far from one another as k-means++ does: each next point is drawn with probability proportional
 * to its squared distance from the nearest one chosen. When all are chosen, or the rest coincide with chosen
 * ones, the remaining seeds are drawn uniformly.
 *
 * @param points - row-major, shape `[count, width]`.
 * @returns indices of the chosen points, shape `[seeds]`.
 */
export function spreadSeeds(points: Float64Array, width: number, seeds: number, rng: Rng): number[] {
  const count = points.length / width;
  const distance = new Float64Array(count).fill(Number.POSITIVE_INFINITY);
  const chosen = [rng.integer(count)];
  while (chosen.length < seeds) {
    const newest = (chosen[chosen.length - 1] as number) * width;
    for (let i = 0; i < count; i++) {
      let squared = 0;
      for (let d = 0; d < width; d++) {
        squared += ((points[i * width + d] as number) - (points[newest + d] as number)) ** 2;
      }
      distance[i] = Math.min(distance[i] as number, squared);
    }
    chosen.push(rng.categorical(distance));
  }
  return chosen;
}
