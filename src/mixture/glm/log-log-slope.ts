import { FitError } from '../../errors.ts';
import type { Rng } from '../../random.ts';

/** A rate: the slope of log mean loss over log n, with a bootstrap interval. */
export interface RateSlope {
  readonly slope: number;
  /** 95 % interval, over the replications. */
  readonly low: number;
  readonly high: number;
}

const BOOTSTRAPS = 1000;

function slopeOf(sizes: readonly number[], means: readonly number[]): number {
  const x = sizes.map(Math.log);
  const y = means.map(Math.log);
  const center = x.reduce((a, b) => a + b, 0) / x.length;
  let top = 0;
  let bottom = 0;
  x.forEach((v, i) => {
    top += (v - center) * (y[i] as number);
    bottom += (v - center) ** 2;
  });
  return top / bottom;
}

/**
 * Fits a line to log mean loss over log sample size, and its uncertainty by resampling the replications of every size.
 *
 * @param sizes - n, at least two different ones.
 * @param losses - for each size its replications, positive.
 * @throws FitError when a loss is not positive and finite, or sizes are too few.
 */
export function logLogSlope(
  sizes: readonly number[],
  losses: readonly (readonly number[])[],
  rng: Rng,
): RateSlope {
  if (new Set(sizes).size < 2 || sizes.length !== losses.length || losses.some((row) => row.length === 0)) {
    throw new FitError({
      what: 'A rate needs losses at two sample sizes at least',
      found: `${sizes.length} sizes, ${losses.length} rows of losses`,
    });
  }
  const wrong = losses.flat().find((loss) => !(loss > 0 && Number.isFinite(loss)));
  if (wrong !== undefined) {
    throw new FitError({ what: 'A loss is not positive and finite', found: String(wrong) });
  }
  const mean = (row: readonly number[]) => row.reduce((a, b) => a + b, 0) / row.length;
  const resampled = Array.from({ length: BOOTSTRAPS }, () =>
    slopeOf(
      sizes,
      losses.map((row) => mean(row.map(() => row[rng.integer(row.length)] as number))),
    ),
  ).sort((a, b) => a - b);
  return {
    slope: slopeOf(sizes, losses.map(mean)),
    low: resampled[Math.floor(0.025 * BOOTSTRAPS)] as number,
    high: resampled[Math.ceil(0.975 * BOOTSTRAPS) - 1] as number,
  };
}
