import { describe, expect, it } from 'vitest';
import { Curriculum } from '../../../src/mixture/curriculum.ts';
import { clusterAround, spreadSeeds } from '../../../src/mixture/spread.ts';
import { Rng } from '../../../src/random.ts';

/** Two heaps of 20 points of the plane, the second from point 20 on. */
function heaps(): Float64Array {
  const rng = Rng.fromSeed(3);
  return Float64Array.from({ length: 80 }, (_, i) => (i < 40 ? 0 : 5) + rng.normal(0, 0.5));
}

describe('clusterAround', () => {
  it('finds heaps even from seeds that lie in one of them', () => {
    const cluster = clusterAround(heaps(), 2, [21, 22]);
    expect(new Set(cluster.subarray(0, 20)).size).toBe(1);
    expect(new Set(cluster.subarray(20)).size).toBe(1);
    expect(cluster[0]).not.toBe(cluster[20]);
  });

  it('leaves every point at the mean of its own cluster nearest to it', () => {
    const points = heaps();
    const cluster = clusterAround(points, 2, spreadSeeds(points, 2, 5, Rng.fromSeed(0)));
    const means = Array.from({ length: 5 }, (_, mean) => {
      const own = [...cluster.keys()].filter((i) => cluster[i] === mean);
      return [0, 1].map((d) => own.reduce((sum, i) => sum + (points[2 * i + d] as number), 0) / own.length);
    });
    for (const [i, mean] of cluster.entries()) {
      const away = means.map(([x = 0, y = 0]) =>
        Math.hypot((points[2 * i] as number) - x, (points[2 * i + 1] as number) - y),
      );
      expect(away[mean]).toBe(Math.min(...away));
    }
  });

  it('takes more seeds than there are different points', () => {
    expect([...clusterAround(new Float64Array([1, 1, 1]), 1, [0, 1, 2])]).toEqual([0, 0, 0]);
  });
});

it('starts every component on the units given to it, and lets the first update move them', () => {
  const curriculum = Curriculum.divided(Int32Array.of(0, 1, 1, -1), 2, 'released');
  expect([...curriculum.selection(0)]).toEqual([1, 0, 0, 0]);
  expect([...curriculum.selection(1)]).toEqual([0, 0.5, 0.5, 0]);
  curriculum.update(Float64Array.of(-9, 0, -9, 0, -9, 0, 0, -9), { eta: 1 });
  expect([...curriculum.selection(1)].map((p) => Math.round(3 * p))).toEqual([1, 1, 1, 0]);
});
