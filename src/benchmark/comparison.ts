import type { EpisodeRow } from '../eval/rollout.ts';

/** The evaluations of one row of a benchmark on one task: episodes by training seed. */
export type SeedEpisodes = ReadonlyMap<number, readonly EpisodeRow[]>;

/** Two rows on the same episodes: same start, same randomness of the environment, same training seed. */
export interface PairedComparison {
  readonly task: string;
  readonly a: string;
  readonly b: string;
  /** Pairs of episodes; those of seeds that only one of the two has finished are left out. */
  readonly pairs: number;
  readonly bothSucceed: number;
  readonly onlyA: number;
  readonly onlyB: number;
  readonly neither: number;
  /** McNemar's exact test, two-sided. */
  readonly p: number;
}

/**
 * Computes McNemar's exact test (McNemar 1947; the binomial form): given that two methods differ on n paired episodes, the
 * probability of a split as uneven as the one seen, or more so, if each were as likely to be the better one.
 *
 * @param onlyA - episodes in which only the first succeeded.
 * @param onlyB - those in which only the second did.
 * @returns the two-sided p-value; 1 when they never differ.
 */
export function mcnemarExact(onlyA: number, onlyB: number): number {
  const n = onlyA + onlyB;
  const fewer = Math.min(onlyA, onlyB);
  // log Binom(k; n, 1/2) by its recurrence in k: free of overflow for any n
  let log = -n * Math.LN2;
  let tail = Math.exp(log);
  for (let k = 1; k <= fewer; k++) {
    log += Math.log((n - k + 1) / k);
    tail += Math.exp(log);
  }
  return Math.min(1, 2 * tail);
}

/**
 * Adjusts p-values for being several, so that the chance of a single false finding among them stays what it was
 * (Holm 1979).
 *
 * @returns adjusted values in the same order, at most 1.
 */
export function holm(pValues: readonly number[]): number[] {
  const order = pValues.map((_, index) => index).sort((i, j) => pValues[i]! - pValues[j]!);
  const adjusted = new Array<number>(pValues.length);
  let least = 0;
  order.forEach((index, rank) => {
    least = Math.max(least, Math.min(1, (pValues.length - rank) * (pValues[index] as number)));
    adjusted[index] = least;
  });
  return adjusted;
}

/** Compares two rows on the episodes that both have run. */
export function comparePaired(
  task: string,
  [a, episodesA]: readonly [string, SeedEpisodes],
  [b, episodesB]: readonly [string, SeedEpisodes],
): PairedComparison {
  let [bothSucceed, onlyA, onlyB, neither] = [0, 0, 0, 0];
  for (const [seed, rows] of episodesA) {
    const others = new Map(
      (episodesB.get(seed) ?? []).map((row) => [`${row.context}/${row.rollout}`, row.success]),
    );
    for (const { context, rollout, success } of rows) {
      const other = others.get(`${context}/${rollout}`);
      if (other === undefined) continue;
      if (success && other) bothSucceed++;
      else if (success) onlyA++;
      else if (other) onlyB++;
      else neither++;
    }
  }
  const pairs = bothSucceed + onlyA + onlyB + neither;
  return { task, a, b, pairs, bothSucceed, onlyA, onlyB, neither, p: mcnemarExact(onlyA, onlyB) };
}

/** Compares every row of a task with every other one, in their order. */
export function compareAll(
  task: string,
  rows: readonly (readonly [string, SeedEpisodes])[],
): PairedComparison[] {
  return rows.flatMap((first, index) =>
    rows.slice(index + 1).map((second) => comparePaired(task, first, second)),
  );
}
