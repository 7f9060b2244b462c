import { describe, expect, it } from 'vitest';
import { activeSampleShare, pacedEta } from '../../../src/mixture/pacing.ts';
import { randomTable } from './random-table.ts';

const U = 40;
const C = 3;
const uniformPosterior = new Float64Array(U * C).fill(-Math.log(C));

describe('pacing by active samples', () => {
  it('passes a given eta on', () => {
    expect(pacedEta({ eta: 3.5 }, randomTable(U, C, 'a'), uniformPosterior, C)).toBe(3.5);
  });

  it('finds the eta that leaves the wanted share of samples active', () => {
    const logLikelihoods = randomTable(U, C, 'a');
    for (const activeSamples of [0.2, 0.4, 0.8]) {
      const eta = pacedEta({ activeSamples }, logLikelihoods, uniformPosterior, C);
      expect(activeSampleShare(eta, logLikelihoods, uniformPosterior, C)).toBeCloseTo(activeSamples, 6);
    }
  });

  it('counts what it says: a curriculum on a quarter of the units measures a quarter', () => {
    const logLikelihoods = Float64Array.from({ length: U }, (_, u) => (u < U / 4 ? 0 : -1000));
    expect(activeSampleShare(1, logLikelihoods, new Float64Array(U), 1)).toBeCloseTo(0.25, 12);
  });

  it('grows with eta even where the posterior is far from uniform', () => {
    const logLikelihoods = randomTable(U, C, 'a');
    const posterior = randomTable(U, C, 'q').map((value) => 3 * value);
    let before = 0;
    for (const eta of [0.01, 0.1, 0.5, 1, 2, 5, 20, 1e3]) {
      const share = activeSampleShare(eta, logLikelihoods, posterior, C);
      expect(share).toBeGreaterThanOrEqual(before);
      before = share;
    }
    expect(before).toBeGreaterThan(0.99);
  });

  it('ends at a finite eta when every share is wanted', () => {
    const eta = pacedEta({ activeSamples: 1 }, randomTable(U, C, 'a'), uniformPosterior, C);
    expect(Number.isFinite(eta)).toBe(true);
  });
});
