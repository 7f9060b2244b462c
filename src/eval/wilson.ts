/** A proportion with its confidence interval. */
export interface Proportion {
  readonly rate: number;
  readonly low: number;
  readonly high: number;
}

/** The two-sided 95 % quantile of the normal distribution. */
const Z95 = 1.96;

/**
 * Computes the Wilson score interval (95 %) of a success rate. Unlike the normal interval it holds at 0 and at 1.
 *
 * @param successes - number of successes, 0 .. trials.
 * @param trials - number of trials. With none the rate is 0 and the interval everything, [0, 1].
 */
export function wilson(successes: number, trials: number): Proportion {
  if (trials <= 0) return { rate: 0, low: 0, high: 1 };
  const rate = successes / trials;
  const z2 = Z95 * Z95;
  const scale = 1 + z2 / trials;
  const centre = (rate + z2 / (2 * trials)) / scale;
  const half = (Z95 / scale) * Math.sqrt((rate * (1 - rate)) / trials + z2 / (4 * trials * trials));
  return {
    rate,
    // rounding must not push the closed ends past the rate itself
    low: successes === 0 ? 0 : Math.max(0, centre - half),
    high: successes === trials ? 1 : Math.min(1, centre + half),
  };
}
