import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type BodyOptions, loadPhysics, PlanarWorld } from '../../../src/physics/planar-world.ts';

const worlds: PlanarWorld[] = [];

function world(): PlanarWorld {
  const made = new PlanarWorld({ subStepSeconds: 0.007, lengthUnit: 0.02 });
  worlds.push(made);
  return made;
}

function disc(name: string, x: number, motion: BodyOptions['motion'], radius = 0.01): BodyOptions {
  return { name, shape: { kind: 'disc', radius }, poseInWorld: [x, 0, 0], motion };
}

beforeAll(loadPhysics);
afterEach(() => {
  for (const made of worlds.splice(0)) made.dispose();
});

describe('PlanarWorld', () => {
  it('moves a free body in a straight line, without gravity or damping', () => {
    const table = world();
    const body = table.add(disc('rod', 0, 'sliding'));
    body.rigidBody.setLinvel({ x: 0.2, y: -0.1 }, true);
    for (let i = 0; i < 100; i++) table.step();
    expect(body.position.x).toBeCloseTo(0.14, 5);
    expect(body.position.y).toBeCloseTo(-0.07, 5);
    expect(table.touching(body)).toBeNull();
  });

  it('reports a touch only when surfaces meet, and by whom', () => {
    const table = world();
    const rod = table.add(disc('rod', 0, 'sliding'));
    const wall = table.add(disc('wall', 0.0215, 'fixed'));
    table.step();
    // 1.5 mm apart: near, not touching
    expect(table.touching(rod)).toBeNull();
    rod.rigidBody.setLinvel({ x: 0.3, y: 0 }, true);
    let steps = 0;
    while (table.touching(rod) === null && steps++ < 10) table.step();
    expect(table.touching(rod)).toBe(wall);
    expect(table.touching(wall)).toBe(rod);
    expect(steps).toBeLessThanOrEqual(2);
  });

  it('lets a sliding body push a dynamic one, which turns when it is hit off its centre', () => {
    const table = world();
    const rod = table.add(disc('rod', 0, 'sliding'));
    const block = table.add({
      name: 'block',
      shape: { kind: 'box', halfWidth: 0.03, halfDepth: 0.03 },
      poseInWorld: [0.05, 0.02, 0],
      motion: 'dynamic',
      massKg: 0.05,
    });
    rod.rigidBody.setLinvel({ x: 0.3, y: 0 }, true);
    for (let i = 0; i < 30; i++) table.step();
    expect(block.position.x).toBeGreaterThan(0.06);
    expect(Math.abs(block.angleRad)).toBeGreaterThan(0.01);
    expect(rod.angleRad).toBe(0);
  });

  it('takes polygons, and refuses one without area', () => {
    const table = world();
    const triangle = {
      kind: 'polygon',
      points: [
        [0, 0],
        [0.1, 0],
        [0, 0.1],
      ],
    } as const;
    const base = { name: 'part', poseInWorld: [0, 0, 0], motion: 'fixed' } as const;
    expect(table.add({ ...base, shape: triangle }).position).toMatchObject({ x: 0, y: 0 });
    expect(() =>
      table.add({
        ...base,
        shape: {
          kind: 'polygon',
          points: [
            [0, 0],
            [1, 1],
            [2, 2],
          ],
        },
      }),
    ).toThrow(/no convex hull/);
  });

  it('hashes equal states equally, and any change differently', () => {
    const build = () => {
      const table = world();
      const rod = table.add(disc('rod', 0, 'sliding'));
      table.add(disc('wall', 0.1, 'fixed'));
      rod.rigidBody.setLinvel({ x: 0.1, y: 0.03 }, true);
      table.step();
      return { table, rod };
    };
    const one = build();
    const other = build();
    expect(one.table.stateHash()).toMatch(/^[0-9a-f]{16}$/);
    expect(other.table.stateHash()).toBe(one.table.stateHash());
    expect(one.table.stateHash([0.5])).not.toBe(one.table.stateHash([0.25]));
    const { x, y } = one.rod.velocity;
    other.rod.rigidBody.setLinvel({ x, y }, true);
    expect(other.table.stateHash()).toBe(one.table.stateHash());
    other.rod.rigidBody.setLinvel({ x, y: y + 1e-8 }, true);
    expect(other.table.stateHash()).not.toBe(one.table.stateHash());
  });

  it('may be disposed twice', () => {
    const table = world();
    table.dispose();
    expect(() => table.dispose()).not.toThrow();
  });
});
