import { spreadSeeds } from '../mixture/spread.ts';
import type { Rng } from '../random.ts';

/** Rounds of one run at most; it ends earlier once no point changes its centre. */
const rounds = 50;
/** Runs from different seeds, of which the best is kept. */
const restarts = 5;

/** What {@link kMeans} found. */
export interface Clustering {
  /** Row-major, shape `[k, width]`. */
  readonly centres: Float64Array;
  /** Mean squared distance to the nearest centre before every round, of the run that was kept; never rises. */
  readonly inertia: readonly number[];
}

/**
 * Clusters points by Lloyd's rounds from k-means++ seeds (Arthur and Vassilvitskii 2007), several times, and keeps the
 * clustering of the least inertia. A centre that no point is nearest to stays where it is.
 *
 * @param points - row-major, shape `[count, width]`; count at least 1.
 * @param k - number of centres; where there are fewer distinct points, some centres coincide.
 */
export function kMeans(points: Float64Array, width: number, k: number, rng: Rng): Clustering {
  let best: Clustering | undefined;
  for (let run = 0; run < restarts; run++) {
    const found = lloyd(points, width, seedCentres(points, width, k, rng.fork(run)));
    if (best === undefined || lastOf(found) < lastOf(best)) best = found;
  }
  return best as Clustering;
}

function lastOf({ inertia }: Clustering): number {
  return inertia.at(-1) as number;
}

function seedCentres(points: Float64Array, width: number, k: number, rng: Rng): Float64Array {
  const centres = new Float64Array(k * width);
  for (const [i, seed] of spreadSeeds(points, width, k, rng).entries()) {
    centres.set(points.subarray(seed * width, (seed + 1) * width), i * width);
  }
  return centres;
}

function lloyd(points: Float64Array, width: number, centres: Float64Array): Clustering {
  const count = points.length / width;
  const k = centres.length / width;
  const nearest = new Int32Array(count).fill(-1);
  const inertia: number[] = [];
  for (let round = 0; round < rounds; round++) {
    const { changed, meanSquared } = assign(points, width, centres, nearest);
    inertia.push(meanSquared);
    if (!changed) break;
    const sums = new Float64Array(centres.length);
    const members = new Int32Array(k);
    for (let i = 0; i < count; i++) {
      const centre = nearest[i] as number;
      members[centre] = (members[centre] as number) + 1;
      for (let d = 0; d < width; d++) {
        sums[centre * width + d] = (sums[centre * width + d] as number) + (points[i * width + d] as number);
      }
    }
    for (let i = 0; i < sums.length; i++) {
      const own = members[Math.floor(i / width)] as number;
      if (own > 0) centres[i] = (sums[i] as number) / own;
    }
  }
  return { centres, inertia };
}

/** Writes the nearest centre of every point to `nearest`, shape `[count]`. */
function assign(
  points: Float64Array,
  width: number,
  centres: Float64Array,
  nearest: Int32Array,
): { readonly changed: boolean; readonly meanSquared: number } {
  let changed = false;
  let total = 0;
  for (let i = 0; i < nearest.length; i++) {
    let least = Number.POSITIVE_INFINITY;
    let at = 0;
    for (let c = 0; c * width < centres.length; c++) {
      let squared = 0;
      for (let d = 0; d < width; d++) {
        squared += ((points[i * width + d] as number) - (centres[c * width + d] as number)) ** 2;
      }
      if (squared < least) {
        least = squared;
        at = c;
      }
    }
    changed ||= nearest[i] !== at;
    nearest[i] = at;
    total += least;
  }
  return { changed, meanSquared: total / nearest.length };
}
