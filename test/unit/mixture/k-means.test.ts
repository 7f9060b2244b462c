import { describe, expect, it } from 'vitest';
import { Curriculum } from '../../../src/mixture/curriculum.ts';
import { bisectingKMeans, kMeans } from '../../../src/mixture/k-means.ts';
import { Rng } from '../../../src/random.ts';

/** Two heaps of 20 points of the plane, the second from point 20 on. */
function heaps(): Float64Array {
  const rng = Rng.fromSeed(3);
  return Float64Array.from({ length: 80 }, (_, i) => (i < 40 ? 0 : 5) + rng.normal(0, 0.5));
}

describe('kMeans', () => {
  const rng = Rng.fromSeed(1);
  const points = Float64Array.from({ length: 600 }, () => rng.normal());

  it('never lets the inertia rise', () => {
    const { inertia } = kMeans(points, 2, 8, Rng.fromSeed(0));
    expect(inertia.length).toBeGreaterThan(2);
    for (const [i, value] of inertia.entries()) {
      if (i > 0) expect(value).toBeLessThanOrEqual(inertia[i - 1] as number);
    }
  });

  it('finds groups that lie apart', () => {
    const grouped = Float64Array.from({ length: 90 }, (_, i) => 10 * (i % 3) + rng.normal(0, 0.1));
    const centres = [...kMeans(grouped, 1, 3, Rng.fromSeed(0)).centres].sort((a, b) => a - b);
    for (const [i, centre] of centres.entries()) expect(Math.abs(centre - 10 * i)).toBeLessThan(0.2);
  });

  it('copes with fewer distinct points than centres', () => {
    const { centres, inertia } = kMeans(Float64Array.from([1, 1, 1, 2]), 1, 4, Rng.fromSeed(0));
    expect(inertia.at(-1)).toBe(0);
    expect([...centres].every(Number.isFinite)).toBe(true);
  });

  it('gives every point the centre nearest to it, which is the mean of its own', () => {
    const { centres, cluster } = kMeans(heaps(), 2, 5, Rng.fromSeed(0));
    for (const [i, own] of cluster.entries()) {
      const away = [0, 1, 2, 3, 4].map((c) =>
        Math.hypot(...[0, 1].map((d) => (heaps()[2 * i + d] as number) - (centres[2 * c + d] as number))),
      );
      expect(away[own]).toBe(Math.min(...away));
    }
    for (const c of [0, 1, 2, 3, 4]) {
      const xs = [...cluster.keys()].filter((i) => cluster[i] === c).map((i) => heaps()[2 * i] as number);
      expect(centres[2 * c]).toBeCloseTo(xs.reduce((sum, x) => sum + x, 0) / xs.length, 9);
    }
  });
});

describe('bisectingKMeans', () => {
  it('gives every kind as many clusters as it has points, however wide it is', () => {
    const rng = Rng.fromSeed(3);
    // 40 points each: one kind close together, two wide ones
    const points = Float64Array.from(
      { length: 120 },
      (_, i) => 100 * Math.floor(i / 40) + rng.normal(0, i < 40 ? 0.1 : 10),
    );
    const ofKinds = (cluster: Int32Array) => [0, 40, 80].map((i) => new Set(cluster.subarray(i, i + 40)));
    for (const seed of [0, 1, 2, 3, 4]) {
      const kinds = ofKinds(bisectingKMeans(points, 1, 6, Rng.fromSeed(seed)));
      expect(kinds.map((clusters) => clusters.size)).toEqual([2, 2, 2]);
      expect(new Set(kinds.flatMap((clusters) => [...clusters])).size).toBe(6);
      const [narrow] = ofKinds(kMeans(points, 1, 6, Rng.fromSeed(seed)).cluster);
      expect(narrow?.size).toBe(1);
    }
  });

  it('leaves clusters without points where points coincide', () => {
    expect([...bisectingKMeans(Float64Array.of(1, 1, 1), 1, 3, Rng.fromSeed(0))]).toEqual([0, 0, 0]);
    const three = bisectingKMeans(Float64Array.of(1, 5, 1, 1, 9), 1, 4, Rng.fromSeed(0));
    expect(new Set(three).size).toBe(3);
    expect([three[0], three[0]]).toEqual([three[2], three[3]]);
  });
});

it('starts every component on the units given to it, and lets the first update move them', () => {
  const curriculum = Curriculum.divided(Int32Array.of(0, 1, 1, -1), 2, 'released');
  expect([...curriculum.selection(0)]).toEqual([1, 0, 0, 0]);
  expect([...curriculum.selection(1)]).toEqual([0, 0.5, 0.5, 0]);
  curriculum.update(Float64Array.of(-9, 0, -9, 0, -9, 0, 0, -9), { eta: 1 });
  expect([...curriculum.selection(1)].map((p) => Math.round(3 * p))).toEqual([1, 1, 1, 0]);
});
