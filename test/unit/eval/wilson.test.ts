import { describe, expect, it } from 'vitest';
import { wilson } from '../../../src/eval/wilson.ts';

describe('wilson', () => {
  it.each([
    [360, 480, 0.709, 0.787],
    [456, 480, 0.927, 0.966],
    [480, 480, 0.992, 1],
    [0, 480, 0, 0.008],
    [75, 100, 0.657, 0.825],
    [95, 100, 0.888, 0.978],
    [100, 100, 0.963, 1],
    [47, 50, 0.838, 0.979],
  ])('%i of %i lies between %f and %f', (successes, trials, low, high) => {
    const interval = wilson(successes, trials);
    expect(interval.rate).toBe(successes / trials);
    expect(interval.low).toBeCloseTo(low, 3);
    expect(interval.high).toBeCloseTo(high, 3);
  });

  it('says nothing about a rate that was never tried', () => {
    expect(wilson(0, 0)).toEqual({ rate: 0, low: 0, high: 1 });
  });
});
