import { describe, expect, it } from 'vitest';
import { DubinsPath, type Heading } from '../../../demos/dubins.ts';
import { Rng } from '../../../src/random.ts';

const radius = 0.1;

function randomHeading(rng: Rng): Heading {
  return { x: rng.uniform(-0.4, 0.4), y: rng.uniform(-0.4, 0.4), angleRad: rng.uniform(-4, 4) };
}

describe('a Dubins path', () => {
  it('begins and ends at the headings asked for, without a jump, and nowhere tighter than its radius', () => {
    const rng = Rng.fromSeed(0);
    for (let trial = 0; trial < 50; trial++) {
      const [from, to] = [randomHeading(rng), randomHeading(rng)];
      const path = new DubinsPath(from, to, radius);
      expect(path.length).toBeGreaterThanOrEqual(Math.hypot(to.x - from.x, to.y - from.y) - 1e-9);
      let last = path.at(0);
      expect(last).toMatchObject(from);
      const steps = 100;
      const step = path.length / steps;
      for (let i = 1; i <= steps; i++) {
        const next = path.at(i * step);
        expect(Math.hypot(next.x - last.x, next.y - last.y)).toBeLessThan(step * 1.0001);
        expect(Math.abs(next.angleRad - last.angleRad)).toBeLessThan(step / radius + 1e-9);
        last = next;
      }
      expect(last.x).toBeCloseTo(to.x, 6);
      expect(last.y).toBeCloseTo(to.y, 6);
      expect(Math.sin((last.angleRad - to.angleRad) / 2)).toBeCloseTo(0, 6);
    }
  });

  it.each([
    ['straight on', [0, 0, 0], [0.5, 0, 0], 0.5],
    ['half a circle to the left', [0, 0, 0], [0, 0.2, Math.PI], 0.1 * Math.PI],
    ['a quarter to the right and on', [0, 0, 0], [0.1, -0.4, -Math.PI / 2], 0.05 * Math.PI + 0.3],
    // three arcs of 60, 300 and 60 degrees
    ['on the spot', [0, 0, 0], [0, 0, Math.PI], (0.7 * Math.PI) / 3],
    // a full circle brings nobody nearer than a shift along it
    ['back by a hair', [0, 0, 0], [-1e-6, 0, 0], 0.2 * Math.PI],
  ] as const)('is as long as geometry says: %s', (_, [x, y, angle], [toX, toY, toAngle], length) => {
    const path = new DubinsPath({ x, y, angleRad: angle }, { x: toX, y: toY, angleRad: toAngle }, radius);
    expect(path.length).toBeCloseTo(length, 4);
  });

  it('is as long as the way back, and as its mirror image', () => {
    const rng = Rng.fromSeed(1);
    for (let trial = 0; trial < 200; trial++) {
      const [from, to] = [randomHeading(rng), randomHeading(rng)];
      const { length } = new DubinsPath(from, to, radius);
      const turned = (heading: Heading) => ({ ...heading, angleRad: heading.angleRad + Math.PI });
      const mirrored = ({ angleRad, x, y }: Heading) => ({ x, y: -y, angleRad: -angleRad });
      expect(new DubinsPath(turned(to), turned(from), radius).length).toBeCloseTo(length, 6);
      expect(new DubinsPath(mirrored(from), mirrored(to), radius).length).toBeCloseTo(length, 6);
    }
  });

  it('goes straight on beyond its ends', () => {
    const path = new DubinsPath({ x: 0, y: 0, angleRad: 0 }, { x: 0, y: 0.2, angleRad: Math.PI }, radius);
    const beyond = path.at(path.length + 0.3);
    expect([beyond.x, beyond.y, beyond.curvature]).toEqual([
      expect.closeTo(-0.3, 9),
      expect.closeTo(0.2, 9),
      0,
    ]);
    expect(path.at(-0.1)).toMatchObject({ x: expect.closeTo(-0.1, 9), y: 0, curvature: 0 });
  });
});
