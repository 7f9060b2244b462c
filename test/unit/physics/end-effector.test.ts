import { beforeAll, describe, expect, it } from 'vitest';
import { discreteResponse, EndEffector } from '../../../src/physics/end-effector.ts';
import { loadPhysics, PlanarWorld } from '../../../src/physics/planar-world.ts';

const responseX = { naturalFrequency: 10.1, dampingRatio: 0.27 };
const responseY = { naturalFrequency: 6.7, dampingRatio: 0.21 };

function arm(subStepSeconds: number, massKg: number) {
  const world = new PlanarWorld({ subStepSeconds, lengthUnit: 0.02 });
  const body = world.add({
    name: 'rod',
    shape: { kind: 'disc', radius: 0.01 },
    poseInWorld: [0, 0, 0],
    motion: 'sliding',
    massKg,
  });
  return { world, body, effector: new EndEffector({ body, responseX, responseY, subStepSeconds }) };
}

beforeAll(loadPhysics);

describe('EndEffector', () => {
  it('commands at first where the body is', () => {
    const { effector, world } = arm(0.007, 1);
    effector.push();
    world.step();
    expect([...effector.commanded]).toEqual([0, 0]);
    expect(effector.body.position).toMatchObject({ x: 0, y: 0 });
    world.dispose();
  });

  it.each([
    [0.007, 1],
    [0.007, 0.05],
    [0.0035, 1],
    [0.0175, 1],
  ])('follows a held command as the spring-damper does (sub-step %d s, %d kg)', (h, massKg) => {
    const { body, effector, world } = arm(h, massKg);
    effector.commanded.set([0.1, 0.1]);
    // the discrete response starts one sub-step early: c at -h equals c at 0
    let worst = 0;
    for (let n = 1; n * h < 1.5; n++) {
      effector.push();
      world.step();
      const reference = sampled(responseX, h, n) * 0.1;
      worst = Math.max(worst, Math.abs(body.position.x - reference));
      worst = Math.max(worst, Math.abs(body.position.y - sampled(responseY, h, n) * 0.1));
    }
    expect(worst).toBeLessThan(2e-6);
    world.dispose();
  });

  it('overshoots by what the damping ratio says', () => {
    const { body, effector, world } = arm(0.0005, 1);
    effector.commanded.set([0.1, 0.1]);
    let peakX = 0;
    let peakY = 0;
    for (let n = 0; n < 2000; n++) {
      effector.push();
      world.step();
      peakX = Math.max(peakX, body.position.x);
      peakY = Math.max(peakY, body.position.y);
    }
    const overshoot = (z: number) => Math.exp((-Math.PI * z) / Math.sqrt(1 - z * z));
    expect(peakX / 0.1 - 1).toBeCloseTo(overshoot(responseX.dampingRatio), 2);
    expect(peakY / 0.1 - 1).toBeCloseTo(overshoot(responseY.dampingRatio), 2);
    world.dispose();
  });

  it('leaves contacts to the engine: it presses against a wall and does not pass it', () => {
    const { body, effector, world } = arm(0.007, 1);
    world.add({
      name: 'wall',
      shape: { kind: 'box', halfWidth: 0.01, halfDepth: 0.1 },
      poseInWorld: [0.05, 0, 0],
      motion: 'fixed',
    });
    effector.commanded.set([0.2, 0]);
    for (let n = 0; n < 200; n++) {
      effector.push();
      world.step();
    }
    expect(world.touching(body)?.name).toBe('wall');
    expect(body.position.x).toBeLessThan(0.0305);
    world.dispose();
  });
});

/** The recurrence c' = a1 c + a2 c₋ + b d in double precision, for d = 1 from rest, after n sub-steps. */
function sampled(response: typeof responseX, h: number, n: number): number {
  const { a2, b } = discreteResponse(response, h);
  const a1 = 1 - a2 - b;
  let previous = 0;
  let current = 0;
  for (let i = 0; i < n; i++) [previous, current] = [current, a1 * current + a2 * previous + b];
  return current;
}
