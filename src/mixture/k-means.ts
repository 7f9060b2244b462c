import type { Rng } from '../random.ts';
import { spreadSeeds } from './spread.ts';

/** Rounds of one run at most; it ends earlier once no point changes its centre. */
const rounds = 50;
/** Runs from different seeds, of which the best is kept. */
const restarts = 5;

/** What {@link kMeans} found. */
export interface Clustering {
  /** Row-major, shape `[k, width]`. */
  readonly centres: Float64Array;
  /** The cluster of every point, shape `[count]`. */
  readonly cluster: Int32Array;
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

/**
 * Divides points by bisecting k-means (Steinbach, Karypis and Kumar, KDD Workshop on Text Mining 2000): the cluster of the
 * most points is divided in two until there are k. So a kind of point gets clusters by how many of it there are, where
 * {@link kMeans} gives a kind whose points lie close together one cluster, however many they are.
 *
 * @param points - row-major, shape `[count, width]`; count at least 1.
 * @returns the cluster of every point, shape `[count]`; where there are fewer distinct points, some of the k have none.
 */
export function bisectingKMeans(points: Float64Array, width: number, k: number, rng: Rng): Int32Array {
  const count = points.length / width;
  const cluster = new Int32Array(count);
  const divisible = [Int32Array.from({ length: count }, (_, i) => i)];
  for (let next = 1; next < k; ) {
    divisible.sort((a, b) => a.length - b.length);
    const largest = divisible.pop();
    if (largest === undefined) break;
    const own = new Float64Array(largest.length * width);
    for (const [row, i] of largest.entries()) {
      own.set(points.subarray(i * width, (i + 1) * width), row * width);
    }
    const half = kMeans(own, width, 2, rng.fork(next)).cluster;
    const [kept, moved] = [0, 1].map((side) => largest.filter((_, row) => half[row] === side));
    if (!kept?.length || !moved?.length) continue;
    for (const i of moved) cluster[i] = next;
    divisible.push(kept, moved);
    next++;
  }
  return cluster;
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
  return { centres, cluster: nearest, inertia };
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
