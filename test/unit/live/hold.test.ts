import { afterEach, expect, it } from 'vitest';
import '../../../envs/index.ts';
import { LiveRollouts } from '../../../src/live/live-rollouts.ts';
import type { Policy } from '../../../src/policies/policy.ts';
import { ROLLOUT_STATUS } from '../../../src/stream/frame.ts';

/** Leads the rod of Reach straight to the goal. */
const ahead: Policy = {
  method: 'ahead',
  observationSize: 4,
  actionSize: 2,
  reset: () => undefined,
  restart: () => undefined,
  act: (observations) =>
    Float32Array.from({ length: observations.length / 2 }, (_, i) => {
      const row = 4 * (i >> 1);
      return 0.1 * ((i % 2 === 0 ? 0.5 : 0.2) - (observations[row + (i % 2)] ?? 0));
    }),
};

let live: LiveRollouts;
afterEach(() => live.close());

it('a rollout that a hand pulls goes on, and is left out of the scores; the others are not', async () => {
  const told: number[] = [];
  live = await LiveRollouts.create({
    envId: 'Reach-v0',
    policy: ahead,
    rollouts: 2,
    seed: 0,
    episodes: 2,
    onEpisode: ({ episode }) => told.push(episode),
  });
  for (let i = 0; i < 5; i++) live.step();
  expect(live.hold(0, 0, 0.7, -0.2)).toBe(true);
  expect(live.hold(0, 5, 0.7, -0.2)).toBe(false);
  expect(live.hold(9, 0, 0.7, -0.2)).toBe(false);
  for (let i = 0; i < 15; i++) live.step();
  expect(live.frame.poses[0]).toBeCloseTo(0.7, 2);
  // the other one is on its way, undisturbed
  expect(live.frame.poses[3]).toBeCloseTo(0.5, 2);
  live.release(0);
  for (let i = 0; i < 130; i++) live.step();
  expect([...live.frame.status]).toEqual([ROLLOUT_STATUS.success, ROLLOUT_STATUS.success]);
  expect(told).toEqual([1]);
  expect(live.score()).toMatchObject({
    rollouts: 1,
    modes: { counts: [expect.any(Number), expect.any(Number)] },
  });
  expect(live.hold(0, 0, 0.7, -0.2)).toBe(false);
});
