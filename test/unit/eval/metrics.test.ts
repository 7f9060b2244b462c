import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  behaviorEntropy,
  conditionalEntropy,
  entropyCeiling,
  klToDemonstrations,
} from '../../../src/eval/metrics.ts';
import { Rng } from '../../../src/random.ts';

const filled = (length: number, value: number) => new Array<number>(length).fill(value);

describe('behaviorEntropy', () => {
  it('is 1 for a uniform policy, 0 for a constant one and 0, not NaN, when nothing succeeded', () => {
    expect(behaviorEntropy(filled(24, 20))).toBeCloseTo(1, 12);
    expect(behaviorEntropy([480, ...filled(23, 0)])).toBe(0);
    expect(behaviorEntropy(filled(24, 0))).toBe(0);
    expect(behaviorEntropy([5])).toBe(0);
  });

  it.each([
    [24, 2, 0.218],
    [24, 3, 0.346],
    [24, 4, 0.436],
    [24, 12, 0.782],
    [4, 2, 0.5],
    [4, 3, 0.792],
  ])('of %i modes, uniform over %i of them, is %f', (modes, used, expected) => {
    expect(behaviorEntropy([...filled(used, 7), ...filled(modes - used, 0)])).toBeCloseTo(expected, 3);
  });

  it('lies in [0, 1] and does not depend on the order of the modes', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(50), { minLength: 1, maxLength: 30 }), (counts) => {
        const entropy = behaviorEntropy(counts);
        expect(entropy).toBeGreaterThanOrEqual(0);
        expect(entropy).toBeLessThanOrEqual(1);
        expect(behaviorEntropy([...counts].reverse())).toBeCloseTo(entropy, 12);
      }),
    );
  });
});

describe('entropyCeiling', () => {
  it.each([
    [480, 24, 0.992],
    [360, 24, 0.99],
    [240, 24, 0.985],
    [200, 24, 0.981],
    [100, 24, 0.962],
    [16, 4, 0.927],
    [12, 4, 0.9],
    [8, 4, 0.841],
    [4, 4, 0.662],
    [8, 2, 0.902],
    [18, 6, 0.914],
    [20, 20, 0.815],
    [18, 3, 0.947],
  ])('of %i successes over %i modes is %f', (successes, modes, expected) => {
    expect(entropyCeiling(successes, modes)).toBeCloseTo(expected, 3);
  });

  it('is the mean entropy of a policy that draws its mode uniformly', () => {
    const rng = Rng.fromSeed(3);
    const [successes, modes, repeats] = [60, 6, 4000];
    let mean = 0;
    for (let r = 0; r < repeats; r++) {
      const counts = filled(modes, 0);
      for (let n = 0; n < successes; n++) {
        const mode = rng.integer(modes);
        counts[mode] = (counts[mode] ?? 0) + 1;
      }
      mean += behaviorEntropy(counts) / repeats;
    }
    expect(Math.abs(mean - entropyCeiling(successes, modes))).toBeLessThan(0.002);
  });

  it('stays finite for many successes and for degenerate cases', () => {
    expect(entropyCeiling(200_000, 24)).toBeCloseTo(1, 3);
    expect(entropyCeiling(0, 24)).toBe(0);
    expect(entropyCeiling(1, 24)).toBe(0);
    expect(entropyCeiling(10, 1)).toBe(0);
  });
});

describe('conditionalEntropy', () => {
  it('counts a context without success as 0 and says how many there were', () => {
    const result = conditionalEntropy([
      [4, 4],
      [0, 0],
    ]);
    expect(result.value).toBeCloseTo(0.5, 12);
    expect(result.zeroSuccessContexts).toBe(1);
    expect(result.ceiling).toBeCloseTo(entropyCeiling(8, 2) / 2, 12);
  });

  it('tells a policy that knows both ways in every context from one that picks by context', () => {
    expect(
      conditionalEntropy([
        [8, 0],
        [0, 8],
      ]).value,
    ).toBe(0);
    expect(
      conditionalEntropy([
        [4, 4],
        [4, 4],
      ]).value,
    ).toBe(1);
  });

  it('of nothing is 0', () => {
    expect(conditionalEntropy([])).toEqual({ value: 0, ceiling: 0, zeroSuccessContexts: 0 });
  });
});

describe('klToDemonstrations', () => {
  it('is one minus the entropy for uniform demonstrations', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(50), { minLength: 2, maxLength: 24 }), (counts) => {
        fc.pre(counts.some((count) => count > 0));
        const kl = klToDemonstrations(counts, filled(counts.length, 4));
        expect(kl).toBeCloseTo(1 - behaviorEntropy(counts), 10);
      }),
    );
  });

  it('is 0 when the policy repeats the demonstrated shares, however uneven', () => {
    expect(klToDemonstrations([30, 10, 20], [3, 1, 2])).toBeCloseTo(0, 12);
  });

  it('is infinite for a way that was never demonstrated, and null without a success', () => {
    expect(klToDemonstrations([1, 1], [4, 0])).toBe(Number.POSITIVE_INFINITY);
    expect(klToDemonstrations([0, 0], [4, 4])).toBeNull();
    expect(klToDemonstrations([1, 0], [0, 0])).toBeNull();
  });
});
