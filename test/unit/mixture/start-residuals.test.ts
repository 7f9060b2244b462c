import { describe, expect, it } from 'vitest';
import { bisectingKMeans } from '../../../src/mixture/k-means.ts';
import { startResiduals } from '../../../src/mixture/start-residuals.ts';
import { Rng } from '../../../src/random.ts';

const [episodes, width, size] = [200, 3, 12];

/** Paths of four waypoints in 3 dimensions that go to the left or to the right of where they start, by turns. */
function paths(sideways: number): Float64Array {
  const rng = Rng.fromSeed(5);
  return Float64Array.from(
    Array.from({ length: episodes }, (_, episode) => {
      const start = Array.from({ length: width }, () => rng.normal(0, 1));
      const side = episode % 2 === 0 ? sideways : -sideways;
      return [0, 1, 2, 3].flatMap((waypoint) => [
        (start[0] as number) + side * waypoint + rng.normal(0, 0.02),
        (start[1] as number) - (start[2] as number) * waypoint,
        start[2] as number,
      ]);
    }).flat(),
  );
}

/** Share of the episodes that are in a cluster most of which goes to their side. */
function purity(points: Float64Array): number {
  const cluster = bisectingKMeans(points, size, 2, Rng.fromSeed(0));
  const left = [0, 1].map((k) => [...cluster.keys()].filter((i) => cluster[i] === k && i % 2 === 0).length);
  const all = [0, 1].map((k) => cluster.filter((c) => c === k).length);
  return left.reduce((sum, n, k) => sum + Math.max(n, (all[k] as number) - n), 0) / episodes;
}

function squares(values: Float64Array): number {
  return values.reduce((sum, value) => sum + value * value, 0);
}

describe('startResiduals', () => {
  it('tells ways apart that differ less than the places they start from', () => {
    const points = paths(0.2);
    expect(purity(points)).toBeLessThan(0.7);
    expect(purity(startResiduals(points, size, width))).toBe(1);
  });

  it('leaves nothing of paths that follow from their starts', () => {
    const points = paths(0);
    const left = startResiduals(points, size, width);
    expect(squares(left)).toBeLessThan(1e-3 * squares(points));
  });

  it('takes out the mean path where all start alike', () => {
    const points = Float64Array.of(1, 2, 1, 4, 1, 9);
    expect([...startResiduals(points, 2, 1)]).toEqual([
      expect.closeTo(0, 9),
      expect.closeTo(-3, 9),
      expect.closeTo(0, 9),
      expect.closeTo(-1, 9),
      expect.closeTo(0, 9),
      expect.closeTo(4, 9),
    ]);
  });

  it('explains few demonstrations in part, though as many unknowns would fit them exactly', () => {
    const points = paths(1).slice(0, 3 * size);
    const left = startResiduals(points, size, width);
    const centred = points.map((value, i) => {
      const column = [0, 1, 2].map((episode) => points[episode * size + (i % size)] as number);
      return value - column.reduce((sum, x) => sum + x) / 3;
    });
    const share = squares(left) / squares(centred);
    expect(share).toBeGreaterThan(0.02);
    expect(share).toBeLessThan(0.7);
  });
});
