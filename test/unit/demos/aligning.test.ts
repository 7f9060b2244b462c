import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import '../../../envs/index.ts';
import { axleOf, cornerGrip, offsetAfter, pullFor, wallGrip } from '../../../demos/aligning-grip.ts';
import { seeBox } from '../../../demos/aligning-sight.ts';
import { demonstratorFor } from '../../../demos/demonstrator.ts';
import { type MadeTask, makeTask } from '../../../envs/task.ts';
import { Rng } from '../../../src/random.ts';

describe('a grip', () => {
  it('pulls to the side that the box is to turn to, and pushes to the other', () => {
    expect(pullFor(cornerGrip, 0, 5).direction).toBeGreaterThan(0.3);
    expect(pullFor(wallGrip, 0, 5).direction).toBeLessThan(-0.3);
    for (const grip of [cornerGrip, wallGrip]) {
      const [left, right, straight] = [5, -5, 0].map((curvature) => pullFor(grip, 0, curvature));
      expect(left?.direction).toBeCloseTo(-(right?.direction ?? 0), 9);
      expect(straight).toMatchObject({ direction: expect.closeTo(0, 12), force: expect.closeTo(0, 12) });
    }
  });

  it('turns as sharply as the friction of the contact allows, and no more', () => {
    for (const grip of [cornerGrip, wallGrip]) {
      expect(pullFor(grip, 0, 8).curvature).toBeGreaterThan(7);
      expect(pullFor(grip, 0, 100)).toEqual(pullFor(grip, 0, 1000));
      expect(Math.abs(pullFor(grip, 0, 100).force)).toBeLessThan(0.32);
    }
  });

  it('has its axle behind the centre of a box that is towed, ahead of one that is pushed', () => {
    const pose = { x: 0.5, y: 0.1, angleRad: 0 };
    // toward the corner at 45 degrees
    const towed = axleOf(cornerGrip, pose, 0, 0);
    expect(towed.x).toBeLessThan(0.49);
    expect(towed.y).toBeCloseTo(0.1 + (towed.x - 0.5), 9);
    const pushed = axleOf(wallGrip, pose, 1, 0);
    expect(pushed.x).toBeCloseTo(0.5, 9);
    expect(pushed.y).toBeGreaterThan(0.11);
    expect(pushed.angleRad).toBeCloseTo(Math.PI / 2, 9);
  });

  it('expects the rod to roll to the left along a wall that turns left, and not out of a corner', () => {
    expect(offsetAfter(wallGrip, 0, 0.5)).toBeCloseTo(0.005, 9);
    expect(offsetAfter(wallGrip, 0, -0.5)).toBeCloseTo(-0.005, 9);
    expect(offsetAfter(cornerGrip, 0, 0.5)).toBe(0);
  });
});

describe('the demonstrator of Aligning-v0', () => {
  const contexts = 16;
  let made: MadeTask;
  beforeAll(async () => {
    made = await makeTask('Aligning-v0');
  });
  afterAll(() => made.env.close());

  it.each([
    [0, 'inside'],
    [1, 'outside'],
  ] as const)(
    'moves the box from one side only, in well under 400 steps: mode %i, %s',
    async (mode, _name) => {
      const demonstrator = await demonstratorFor('Aligning-v0');
      const lengths: number[] = [];
      for (let i = 0; i < contexts; i++) {
        const { env, task } = made;
        let { observation } = env.reset({ options: { context: i } });
        const pilot = demonstrator.begin({ task, mode, rng: Rng.fromSeed(3).fork(i), trunk: 1 });
        let length = 0;
        for (let ended = false; !ended; length++) {
          const { box, rod, z } = seeBox(observation);
          const isInside = Math.hypot(rod.x - box.x, rod.y - box.y) < 0.051;
          if (z < 0.085) expect(isInside, `context ${i}, step ${length}`).toBe(mode === 0);
          const action = pilot.act(observation) as Float32Array;
          const step = env.step(action);
          observation = step.observation;
          ended = step.terminated || step.truncated;
        }
        const outcome = task.outcome();
        if (!outcome.success) continue;
        expect(outcome.mode, `context ${i}`).toBe(mode);
        lengths.push(length);
      }
      // its hand trembles
      expect(lengths.length).toBeGreaterThanOrEqual(contexts - 2);
      expect(lengths.reduce((sum, length) => sum + length) / lengths.length).toBeLessThan(220);
    },
  );
});
