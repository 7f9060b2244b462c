import { beforeAll, describe, expect, it } from 'vitest';
import { EndEffector } from '../../../src/physics/end-effector.ts';
import { loadPhysics, PlanarWorld } from '../../../src/physics/planar-world.ts';
import { SampledResponse } from '../../../src/physics/second-order.ts';

const responseX = { naturalFrequency: 10.1, dampingRatio: 0.27 };
const responseY = { naturalFrequency: 6.7, dampingRatio: 0.21 };

function arm(subSteps: number, massKg: number) {
  const timing = { controlSeconds: 0.035, subSteps };
  const world = new PlanarWorld({ subStepSeconds: 0.035 / subSteps, lengthUnit: 0.02 });
  const body = world.add({
    name: 'rod',
    shape: { kind: 'disc', radius: 0.01 },
    poseInWorld: [0, 0, 0],
    motion: 'sliding',
    massKg,
  });
  const effector = new EndEffector({ body, responseX, responseY, ...timing });
  const step = (x: number, y: number) => {
    effector.command(x, y);
    for (let i = 0; i < subSteps; i++) {
      effector.push();
      world.step();
    }
  };
  return { world, body, effector, step, timing };
}

beforeAll(loadPhysics);

describe('EndEffector', () => {
  it('stays where it is until it is commanded elsewhere', () => {
    const { body, effector, step, world } = arm(5, 1);
    step(0, 0);
    expect([...effector.commanded]).toEqual([0, 0]);
    expect(body.position).toMatchObject({ x: 0, y: 0 });
    world.dispose();
  });

  it.each([
    [5, 1],
    [5, 0.05],
    [2, 1],
    [10, 3],
  ])(
    'follows its command as the formula does, through the engine (%d sub-steps, %d kg)',
    (subSteps, massKg) => {
      const { body, step, timing, world } = arm(subSteps, massKg);
      const x = new SampledResponse(responseX, timing);
      const y = new SampledResponse(responseY, timing);
      const state = { x: 0, y: 0, vx: 0, vy: 0, dx: 0, dy: 0 };
      let worst = 0;
      for (let k = 0; k < 100; k++) {
        const dx = Math.fround(state.dx + (k % 20 < 10 ? 0.0125 : -0.0125));
        const dy = Math.fround(state.dy + 0.005);
        step(dx, dy);
        state.vx += x.kick * (dx - state.dx);
        state.vy += y.kick * (dy - state.dy);
        for (let i = 0; i < subSteps; i++) {
          state.vx = x.nextVelocity(state.vx, dx - state.x);
          state.vy = y.nextVelocity(state.vy, dy - state.y);
          state.x += x.subStepSeconds * state.vx;
          state.y += y.subStepSeconds * state.vy;
        }
        Object.assign(state, { dx, dy });
        worst = Math.max(worst, Math.hypot(body.position.x - state.x, body.position.y - state.y));
      }
      // single precision against double, over 100 steps
      expect(worst).toBeLessThan(3e-6);
      world.dispose();
    },
  );

  it('leaves contacts to the engine: it presses against a wall and does not pass it', () => {
    const { body, step, world } = arm(5, 1);
    world.add({
      name: 'wall',
      shape: { kind: 'box', halfWidth: 0.01, halfDepth: 0.1 },
      poseInWorld: [0.05, 0, 0],
      motion: 'fixed',
    });
    for (let k = 0; k < 40; k++) step(0.2, 0);
    expect(world.touching(body)?.name).toBe('wall');
    expect(body.position.x).toBeLessThan(0.0305);
    world.dispose();
  });
});
