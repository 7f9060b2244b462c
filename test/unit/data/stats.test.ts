import { describe, expect, it } from 'vitest';
import { aggregateStats, featureStats } from '../../../src/data/formats/lerobot-v3-stats.ts';

describe('episode statistics', () => {
  it('are those of numpy', () => {
    // numpy.quantile(range(11), q), numpy.std(range(11))
    const values = [3, 7, 0, 10, 1, 9, 2, 8, 4, 6, 5];
    const { count, ...stats } = featureStats(values, 1);
    expect(count).toEqual([11]);
    expect(stats.std[0]).toBeCloseTo(3.1622776601683795, 14);
    expect(stats).toMatchObject({ min: [0], max: [10], mean: [5], q10: [1], q50: [5], q90: [9] });
    expect(stats.q01[0]).toBeCloseTo(0.1, 14);
    expect(stats.q99[0]).toBeCloseTo(9.9, 14);
  });

  it('are taken of each component by itself', () => {
    expect(featureStats([1, -10, 2, -20, 3, -30], 2)).toMatchObject({
      mean: [2, -20],
      min: [1, -30],
      count: [3],
    });
  });

  it('pool to those of all frames together', () => {
    const parts = [[1, 2, 9], [4], [-3, 0.5]];
    const pooled = aggregateStats(parts.map((values) => ({ action: featureStats(values, 1) }))).action!;
    const whole = featureStats(parts.flat(), 1);
    for (const name of ['min', 'max', 'mean', 'std', 'count'] as const) {
      expect(pooled[name][0]).toBeCloseTo(whole[name][0]!, 12);
    }
    expect(pooled.q50[0]).toBeCloseTo((3 * 2 + 1 * 4 + 2 * -1.25) / 6, 12);
  });
});
