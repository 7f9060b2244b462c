import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { loadPhysics, PlanarWorld } from '../../../src/physics/planar-world.ts';
import { meanRadiusOfSquare, TableFriction } from '../../../src/physics/table-friction.ts';

const worlds: PlanarWorld[] = [];

/** A 6 cm block of 50 g that rubs against its table with coefficient 1. */
function block(subStepSeconds: number) {
  const world = new PlanarWorld({ subStepSeconds, lengthUnit: 0.06 });
  worlds.push(world);
  const body = world.add({
    name: 'block',
    shape: { kind: 'box', halfWidth: 0.03, halfDepth: 0.03 },
    poseInWorld: [0, 0, 0],
    motion: 'dynamic',
    massKg: 0.05,
  });
  const friction = new TableFriction({
    body,
    coefficient: 1,
    meanRadius: meanRadiusOfSquare(0.06),
    subStepSeconds,
  });
  const step = () => {
    world.step();
    friction.rub();
  };
  return { body, step };
}

beforeAll(loadPhysics);
afterEach(() => {
  for (const made of worlds.splice(0)) made.dispose();
});

describe('TableFriction', () => {
  it('stops a block let go at 0.38 m/s within 40 ms and 7.5 mm, and lets it lie', () => {
    const { body, step } = block(0.0005);
    body.rigidBody.setLinvel({ x: 0.38 * 0.6, y: -0.38 * 0.8 }, true);
    let steps = 0;
    while (Math.hypot(body.velocity.x, body.velocity.y) > 0) {
      step();
      steps++;
    }
    expect(steps * 0.0005).toBeGreaterThan(0.037);
    expect(steps * 0.0005).toBeLessThan(0.041);
    const path = Math.hypot(body.position.x, body.position.y);
    expect(path).toBeGreaterThan(0.0072);
    expect(path).toBeLessThan(0.0077);
    // straight ahead
    expect(body.position.y / body.position.x).toBeCloseTo(-4 / 3, 3);
    const { x, y } = body.position;
    for (let i = 0; i < 50; i++) step();
    expect(body.position).toMatchObject({ x, y });
  });

  it('takes about the same way and time at the sub-steps of the tasks', () => {
    const { body, step } = block(0.005);
    body.rigidBody.setLinvel({ x: 0.38, y: 0 }, true);
    let steps = 0;
    while (body.velocity.x > 0) {
      step();
      steps++;
    }
    expect(steps).toBe(8);
    // at most one sub-step of the first speed apart from v²/2μg
    expect(Math.abs(body.position.x - 0.38 ** 2 / (2 * 9.81))).toBeLessThan(0.38 * 0.005);
  });

  it('slows the turning of a block by 375 rad/s², without ever turning it back', () => {
    const { body, step } = block(0.001);
    body.rigidBody.setAngvel(-20, true);
    for (let i = 0; i < 10; i++) step();
    expect((20 + body.rigidBody.angvel()) / 0.01).toBeGreaterThan(371);
    expect((20 + body.rigidBody.angvel()) / 0.01).toBeLessThan(379);
    for (let i = 0; i < 60; i++) {
      step();
      expect(body.rigidBody.angvel()).toBeLessThanOrEqual(0);
    }
    expect(body.rigidBody.angvel()).toBeCloseTo(0, 12);
  });

  it('takes less from each of moving and turning where a block does both, and ends both together', () => {
    const { body, step } = block(0.0005);
    const speed = 0.2;
    // at the mean radius turning is as fast as moving
    const spin = speed / meanRadiusOfSquare(0.06);
    body.rigidBody.setLinvel({ x: speed, y: 0 }, true);
    body.rigidBody.setAngvel(spin, true);
    step();
    // a share of 1/√2 of what either loses alone
    expect((speed - body.velocity.x) / (9.81 * 0.0005)).toBeCloseTo(Math.SQRT1_2, 2);
    expect((spin - body.rigidBody.angvel()) / (375 * 0.0005)).toBeCloseTo(Math.SQRT1_2, 1);
    let ratio = 1;
    while (body.velocity.x > 0.02) {
      step();
      ratio = (meanRadiusOfSquare(0.06) * body.rigidBody.angvel()) / body.velocity.x;
    }
    expect(ratio).toBeGreaterThan(0.5);
    expect(ratio).toBeLessThan(2);
  });

  it('finds the mean radius of a 6 cm square', () => {
    const cells = 400;
    let sum = 0;
    for (let i = 0; i < cells; i++) {
      for (let j = 0; j < cells; j++) {
        sum += Math.hypot((i + 0.5) / cells - 0.5, (j + 0.5) / cells - 0.5) * 0.06;
      }
    }
    expect(meanRadiusOfSquare(0.06)).toBeCloseTo(sum / cells ** 2, 6);
    expect(meanRadiusOfSquare(0.06)).toBeCloseTo(0.023, 4);
  });
});
