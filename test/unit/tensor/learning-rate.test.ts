import { describe, expect, it } from 'vitest';
import { ConfigError } from '../../../src/errors.ts';
import { constantRate, warmupCosine } from '../../../src/tensor/learning-rate.ts';

describe('the learning-rate schedules', () => {
  it('keep a constant rate', () => {
    expect([0, 1, 1e6].map(constantRate(3e-4))).toEqual([3e-4, 3e-4, 3e-4]);
  });

  it('rise linearly, fall along a cosine and stay at the end', () => {
    const rate = warmupCosine({ peak: 1, warmupSteps: 4, totalSteps: 12, end: 0.2 });
    expect([0, 1, 2, 3].map(rate)).toEqual([0.25, 0.5, 0.75, 1]);
    expect(rate(4)).toBe(1);
    expect(rate(6)).toBeCloseTo(0.2 + 0.8 * 0.5 * (1 + Math.SQRT1_2), 12);
    expect(rate(8)).toBeCloseTo(0.6, 12);
    expect(rate(12)).toBeCloseTo(0.2, 12);
    expect(rate(1000)).toBeCloseTo(0.2, 12);
  });

  it('start at the peak without a warm-up and end at 0 by default', () => {
    const rate = warmupCosine({ peak: 2, totalSteps: 10 });
    expect(rate(0)).toBe(2);
    expect(rate(10)).toBeCloseTo(0, 12);
  });

  it('refuse a schedule that contradicts itself', () => {
    expect(() => warmupCosine({ peak: 1, warmupSteps: 5, totalSteps: 4 })).toThrow(ConfigError);
    expect(() => warmupCosine({ peak: -1, totalSteps: 4 })).toThrow(ConfigError);
    expect(() => warmupCosine({ peak: Number.NaN, totalSteps: 4 })).toThrow(ConfigError);
  });
});
