import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { evaluatePolicy } from '../../../src/eval/evaluate-policy.ts';
import { register, unregister } from '../../../src/gym/registry.ts';
import { ComparedRollouts, type PolicyToCompare } from '../../../src/live/compared-rollouts.ts';
import type { Policy } from '../../../src/policies/policy.ts';
import { Rng } from '../../../src/random.ts';
import { ROLLOUT_STATUS } from '../../../src/stream/frame.ts';
import { readMessage } from '../../../src/stream/recorded-messages.ts';
import type { EpisodeMessage } from '../../../src/stream/wire.ts';
import { toyPolicy, toyTask } from '../eval/toy-task.ts';

const envId = 'ComparedToy-v0';
const modes = 6;
beforeAll(() => register({ id: envId, entry: async () => () => toyTask(modes, 2).env }));
afterAll(() => unregister(envId));

const chooser = (failing: number) => (rng: Rng) => (rng.uniform() < failing ? null : rng.integer(modes));

/** A policy that fails in a share of the episodes, and else reaches modes by chance. */
function policy(name: string, failing: number): PolicyToCompare {
  const choose = chooser(failing);
  let streams: Rng[] = [];
  const batch: Policy = {
    ...toyPolicy(modes, choose),
    reset(seeds) {
      streams = seeds.map((seed) => Rng.fromSeed(seed));
    },
    restart(episode, seed) {
      streams[episode] = Rng.fromSeed(seed);
    },
    act: () => Float32Array.from(streams.map(choose), (mode) => (mode === null ? -1 : (mode + 0.5) / modes)),
  };
  return { name, policy: batch, describe: (components) => `toy, ${components} components` };
}

describe('ComparedRollouts', () => {
  it('scores every policy as an evaluation of the same episodes does, and counts who succeeds where', async () => {
    const failing = [0.2, 0.6];
    const episodes: EpisodeMessage[] = [];
    const live = await ComparedRollouts.create({
      envId,
      policies: failing.map((share, i) => policy(`policy ${i}`, share)),
      rollouts: 5,
      seed: 9,
      onEpisode: (episode) => episodes.push(episode),
    });
    while (live.score().rollouts < 60) live.step();
    const score = live.score();
    live.close();
    for (const [i, share] of failing.entries()) {
      const scored = await evaluatePolicy(toyPolicy(modes, chooser(share)), toyTask(modes, 2), {
        envId,
        rollouts: 60,
        seed: 9,
      });
      const shown = score.comparison?.policies[i];
      expect(shown?.rollouts).toBe(60);
      expect(shown?.success).toEqual(scored.success);
      expect(shown?.modes.counts).toEqual(scored.modes.counts);
      expect(shown?.entropy?.value).toBeCloseTo(scored.entropy.value, 12);
    }
    const [pair] = score.comparison?.pairs ?? [];
    const of = (index: number) => episodes.filter(({ policy }) => policy === index);
    const successes = of(0).map(({ episode, success }) => [
      success,
      of(1).find((other) => other.episode === episode)?.success,
    ]);
    const count = (one: boolean, other: boolean) =>
      successes.filter(([a, b]) => a === one && b === other).length;
    expect(pair).toEqual({
      first: 0,
      second: 1,
      both: count(true, true),
      onlyFirst: count(true, false),
      onlySecond: count(false, true),
      neither: count(false, false),
    });
    // the numbers outside of the comparison are those of the first policy
    expect(score.success).toEqual(score.comparison?.policies[0]?.success);
  });

  it('begins the same episode with every policy in the same place, at the same moment', async () => {
    const rollouts = 3;
    const live = await ComparedRollouts.create({
      envId,
      policies: [policy('a', 0), policy('b', 1), policy('c', 0.5)],
      rollouts,
      seed: 4,
    });
    const { frame } = live;
    expect(frame.rollouts).toBe(9);
    const seeds = new Set<number>();
    for (let step = 0; step < 60; step++) {
      for (const column of [frame.episode, frame.seed, frame.context]) {
        const places = [0, 1, 2].map((p) => [...column.subarray(p * rollouts, (p + 1) * rollouts)]);
        expect(places[1]).toEqual(places[0]);
        expect(places[2]).toEqual(places[0]);
      }
      for (const seed of frame.seed) seeds.add(seed);
      live.step();
    }
    expect(seeds.size).toBeGreaterThan(rollouts);
    expect(frame.status.subarray(3, 6)).not.toContain(ROLLOUT_STATUS.success);
    expect(live.score().comparison?.pairs).toHaveLength(3);
    live.close();
  });

  it('tells names, places and what can be read back of a recording', async () => {
    const live = await ComparedRollouts.create({
      envId,
      policies: [policy('a', 0), policy('b', 1)],
      rollouts: 2,
      seed: 4,
    });
    for (let step = 0; step < 5; step++) live.step();
    expect(live.facts.policies).toMatchObject([
      { name: 'a', description: 'toy, 0 components', components: 0, origin: [0, 0] },
      { name: 'b', description: 'toy, 0 components', components: 0 },
    ]);
    const bytes = (message: unknown) => new TextEncoder().encode(JSON.stringify(message));
    const scene = { ...live.facts, scene: live.scene };
    expect(readMessage('scene', bytes(scene))).toEqual({ message: scene });
    expect(readMessage('score', bytes(live.score()))).toEqual({ message: live.score() });
    const many = { ...scene, policies: Array.from({ length: 5 }, () => scene.policies?.[0]) };
    expect(readMessage('scene', bytes(many))).toHaveProperty('fault');
    live.close();
  });
});
