import { describe, expect, it } from 'vitest';
import { ConfigError, FitError } from '../../../../src/errors.ts';
import { logLogSlope } from '../../../../src/mixture/glm/log-log-slope.ts';
import { type GatedAtom, voronoiLoss } from '../../../../src/mixture/glm/voronoi-loss.ts';
import { Rng } from '../../../../src/random.ts';

function atom(gateIntercept: number, gateSlope: number, intercept: number, slope: number): GatedAtom {
  return { gateIntercept, gateSlope: [gateSlope], classes: [{ intercept, slope: [slope] }] };
}

describe('the Voronoi loss D1', () => {
  const truth = [atom(0.3, 1.5, 0.5, 2), atom(0, 0, -1, -1.5)];

  it('is zero for the truth, in any order and under any translation of the gate', () => {
    expect(voronoiLoss(truth, truth).loss).toBeLessThan(1e-8);
    const moved = [atom(-1.7, -3, -1, -1.5), atom(-1.4, -1.5, 0.5, 2)];
    const { cells, loss } = voronoiLoss(moved, truth);
    expect(loss).toBeLessThan(1e-8);
    expect(cells).toEqual([1, 0]);
  });

  it('is zero when an atom is split into copies that share its mass', () => {
    const half = Math.log(0.5);
    const split = [atom(0.3 + half, 1.5, 0.5, 2), atom(0.3 + half, 1.5, 0.5, 2), truth[1] as GatedAtom];
    expect(voronoiLoss(split, truth).loss).toBeLessThan(1e-8);
  });

  it('charges distance where one atom is fitted to a true one, its square where several are', () => {
    const single = (error: number) =>
      voronoiLoss([atom(0.3, 1.5, 0.5 + error, 2), truth[1] as GatedAtom], truth).loss;
    expect(single(0.2) / single(0.1)).toBeCloseTo(2, 6);
    expect(single(0.1)).toBeCloseTo(Math.exp(0.3) * 0.1, 6);
    const half = Math.log(0.5);
    const shared = (error: number) =>
      voronoiLoss(
        [atom(0.3 + half, 1.5, 0.5 + error, 2), atom(0.3 + half, 1.5, 0.5 - error, 2), truth[1] as GatedAtom],
        truth,
      ).loss;
    expect(shared(0.2) / shared(0.1)).toBeCloseTo(4, 6);
    expect(shared(0.1)).toBeCloseTo(Math.exp(0.3) * 0.01, 6);
  });

  it('refuses mixtures that cannot be compared', () => {
    expect(() => voronoiLoss([], truth)).toThrow(ConfigError);
    expect(() => voronoiLoss([{ ...(truth[0] as GatedAtom), gateSlope: [1, 2] }], truth)).toThrow(
      ConfigError,
    );
  });
});

describe('the slope of a rate', () => {
  it('is found, with an interval that narrows with the noise', () => {
    const rng = Rng.fromSeed(0);
    const sizes = [100, 1000, 10_000];
    const losses = (noise: number) =>
      sizes.map((n) => Array.from({ length: 40 }, () => n ** -0.5 * Math.exp(rng.normal(0, noise))));
    const clear = logLogSlope(sizes, losses(0.01), Rng.fromSeed(1));
    const noisy = logLogSlope(sizes, losses(0.5), Rng.fromSeed(1));
    expect(clear.slope).toBeCloseTo(-0.5, 2);
    expect(noisy.low).toBeLessThan(-0.5);
    expect(noisy.high).toBeGreaterThan(-0.5);
    expect(noisy.high - noisy.low).toBeGreaterThan(5 * (clear.high - clear.low));
  });

  it('is refused for losses that have no logarithm, and for a single size', () => {
    expect(() => logLogSlope([10, 100], [[1], [0]], Rng.fromSeed(0))).toThrow(FitError);
    expect(() => logLogSlope([10, 10], [[1], [1]], Rng.fromSeed(0))).toThrow(FitError);
  });
});
