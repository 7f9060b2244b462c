import { describe, expect, it } from 'vitest';
import { isClear, type Point, wayAround } from '../../../demos/way-around.ts';
import { Rng } from '../../../src/random.ts';

const length = (way: readonly Point[]) =>
  way.slice(1).reduce((sum, { x, y }, i) => sum + Math.hypot(x - way[i]!.x, y - way[i]!.y), 0);

describe('wayAround', () => {
  it('goes straight where nothing is in the way', () => {
    const disc = { x: 0.5, y: 0.2, radius: 0.1 };
    expect(wayAround({ x: 0, y: 0 }, { x: 1, y: 0 }, [disc])).toEqual([{ x: 1, y: 0 }]);
  });

  it('keeps out of all discs and takes little more than the shortest way', () => {
    const from = { x: 0, y: 0 };
    const to = { x: 1, y: 0 };
    const disc = { x: 0.5, y: 0.01, radius: 0.1 };
    const way = [from, ...wayAround(from, to, [disc])];
    expect(way.at(-1)).toEqual(to);
    way.slice(1).forEach((point, i) => {
      expect(isClear(way[i] as Point, point, [disc])).toBe(true);
    });
    // below, the shorter side
    expect(way[1]?.y).toBeLessThan(0);
    expect(length(way)).toBeLessThan(1.04);
  });

  it('finds ways between many discs, from within one to within another', () => {
    const rng = Rng.fromSeed(0);
    for (let trial = 0; trial < 50; trial++) {
      const discs = Array.from({ length: 5 }, () => ({ x: rng.uniform(), y: rng.uniform(), radius: 0.08 }));
      const [from, to] = [discs[0] as Point, { x: rng.uniform(-0.2, 1.2), y: 1.2 }];
      const way = wayAround({ x: from.x + 0.01, y: from.y }, to, discs);
      expect(way.at(-1)).toEqual(to);
      expect(way.every(({ x, y }) => Number.isFinite(x) && Number.isFinite(y))).toBe(true);
    }
  });

  it('points at the end when there is no way', () => {
    const ring = Array.from({ length: 12 }, (_, i) => ({
      x: Math.cos((i * Math.PI) / 6),
      y: Math.sin((i * Math.PI) / 6),
      radius: 0.4,
    }));
    expect(wayAround({ x: 0, y: 0 }, { x: 3, y: 0 }, ring)).toEqual([{ x: 3, y: 0 }]);
  });
});
