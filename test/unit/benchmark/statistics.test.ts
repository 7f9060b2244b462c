import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { comparePaired, holm, mcnemarExact, type SeedEpisodes } from '../../../src/benchmark/comparison.ts';
import { rankOverall, rankRows, ranksOf } from '../../../src/benchmark/ranking.ts';
import type { EpisodeRow } from '../../../src/eval/rollout.ts';
import { Rng } from '../../../src/random.ts';

function row(context: number, rollout: number, mode: number | null, success = mode !== null): EpisodeRow {
  return {
    ...{ context, rollout, mode, success, seed: 0, contextName: String(context), steps: 1, truncated: false },
    ...{ distance: 0, stateHash: '', components: [] },
  };
}

/** One context; the outcome of each rollout as its mode, null for a failure. */
function episodes(...seeds: (readonly (number | null)[])[]): SeedEpisodes {
  return new Map(seeds.map((modes, seed) => [seed, modes.map((mode, rollout) => row(0, rollout, mode))]));
}

describe('mcnemarExact', () => {
  it.each([
    // by hand: 2 · (1 + 5) / 2⁵, and so on
    [1, 4, 0.375],
    [0, 5, 0.0625],
    [0, 10, 0.001953125],
    [2, 10, 0.03857421875],
    [3, 3, 1],
    [0, 0, 1],
    // by exact fractions: 2 Σ k=0..10 C(40, k) / 2⁴⁰
    [10, 30, 0.0022214338],
  ])('gives for %i against %i p = %f', (a, b, p) => {
    expect(mcnemarExact(a, b)).toBeCloseTo(p, 8);
    expect(mcnemarExact(b, a)).toBe(mcnemarExact(a, b));
  });

  it('stays a probability for thousands of pairs', () => {
    expect(mcnemarExact(1400, 1480)).toBeGreaterThan(0.13);
    expect(mcnemarExact(1400, 1480)).toBeLessThan(0.15);
    expect(mcnemarExact(0, 2880)).toBe(0);
  });
});

describe('holm', () => {
  it('multiplies the least by the number of tests, and never falls', () => {
    const adjusted = holm([0.04, 0.01, 0.03]);
    expect(adjusted[0]).toBeCloseTo(0.06);
    expect(adjusted[1]).toBeCloseTo(0.03);
    expect(adjusted[2]).toBeCloseTo(0.06);
    expect(holm([0.9, 0.8])).toEqual([1, 1]);
  });
});

describe('comparePaired', () => {
  it('counts the four outcomes over the episodes that both have run', () => {
    const a = episodes([0, 0, null, null], [0]);
    const b = episodes([0, null, 1, null]);
    expect(comparePaired('T', ['a', a], ['b', b])).toMatchObject({
      ...{ pairs: 4, bothSucceed: 1, onlyA: 1, onlyB: 1, neither: 1, p: 1 },
    });
  });
});

describe('ranksOf', () => {
  it('gives equal scores the mean of their places', () => {
    expect(ranksOf([0.5, 0.9, 0.5, 0.1])).toEqual([2.5, 1, 2.5, 4]);
  });

  it('always hands out the same places in all', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 3 }), { minLength: 1, maxLength: 8 }), (scores) => {
        const total = ranksOf(scores).reduce((sum, rank) => sum + rank, 0);
        expect(total).toBeCloseTo((scores.length * (scores.length + 1)) / 2);
      }),
    );
  });
});

describe('rankRows', () => {
  const sampling = (reference = '') => ({ reference, rng: Rng.fromSeed(0), samples: 300 });
  const both = Array.from({ length: 60 }, (_, i) => i % 2);
  const one = Array.from({ length: 60 }, () => 0);
  const rarely = both.map((mode, i) => (i % 3 === 0 ? mode : null));

  it('puts first what succeeds in both ways, surely where the gap is wide', () => {
    const found = rankRows(
      [
        ['one', episodes(one, one)],
        ['both', episodes(both, both)],
        ['rarely', episodes(rarely, rarely)],
      ],
      2,
      sampling(),
    );
    const [first, second, third] = found?.standings ?? [];
    expect(second).toMatchObject({ name: 'both', rank: { value: 1, low: 1, high: 1 }, first: 1 });
    expect(second?.score.value).toBeCloseTo(1);
    expect(third).toMatchObject({ rank: { value: 2, low: 2, high: 2 } });
    expect(third?.success.low).toBeGreaterThan(0.2);
    expect(third?.success.high).toBeLessThan(0.5);
    expect(first).toMatchObject({ score: { value: 0, low: 0, high: 0 }, success: { value: 1 } });
  });

  it('leaves the order open where seeds disagree', () => {
    const a = episodes(both, one, both, one);
    const b = episodes(one, both, one, both);
    const [standing] =
      rankRows(
        [
          ['a', a],
          ['b', b],
        ],
        2,
        sampling(),
      )?.standings ?? [];
    expect(standing?.rank).toMatchObject({ value: 1.5, low: 1, high: 2 });
  });

  it('resamples whole contexts where there are several', () => {
    const contexts = (good: readonly boolean[]): SeedEpisodes =>
      new Map([
        [
          0,
          good.flatMap((is, context) => [0, 1].map((rollout) => row(context, rollout, is ? rollout : null))),
        ],
      ]);
    const [standing] =
      rankRows([['half', contexts([true, false, true, false])]], 2, sampling())?.standings ?? [];
    // half of the contexts succeed, in both ways; the rest count as entropy 0
    expect(standing?.score.value).toBeCloseTo(0.25);
    expect(standing?.success.value).toBeCloseTo(0.5);
    expect(standing?.score.low).toBe(0);
    expect(standing?.score.high).toBe(1);
  });

  it('gives the same numbers for the same seed, and averages ranks over tasks', () => {
    const rows = [
      ['a', episodes(both, rarely)],
      ['b', episodes(rarely, both)],
    ] as const;
    const first = rankRows(rows, 2, sampling());
    expect(rankRows(rows, 2, sampling())).toEqual(first);
    const overall = rankOverall([first!, first!]);
    expect(overall.map(({ name }) => name)).toEqual(['a', 'b']);
    expect(overall[0]?.rank).toEqual(first?.standings[0]?.rank);
  });

  it('ranks the rows that have all seeds of the reference by them, and names the others', () => {
    const rows = [
      ['short', episodes(both)],
      ['reference', episodes(both, rarely, both)],
      ['long', episodes(rarely, both, rarely, one)],
    ] as const;
    const found = rankRows(rows, 2, sampling('reference'));
    expect(found).toMatchObject({ names: ['reference', 'long'], seeds: [0, 1, 2], unranked: ['short'] });
    // the mean over its first three seeds, not all four
    const ofThree = rankRows([['long', episodes(rarely, both, rarely)]], 2, sampling());
    expect(found?.standings[1]?.score.value).toBeCloseTo(ofThree?.standings[0]?.score.value as number);
    expect(rankRows(rows, 2, sampling())?.seeds).toEqual([0]);
  });

  it('has nothing to say where nothing was finished', () => {
    expect(rankRows([], 2, sampling())).toBeUndefined();
    expect(rankRows([['a', new Map()]], 2, sampling())).toBeUndefined();
  });
});
