import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { evaluatePolicy } from '../../../src/eval/evaluate-policy.ts';
import { register, unregister } from '../../../src/gym/registry.ts';
import { LiveRollouts } from '../../../src/live/live-rollouts.ts';
import type { Policy } from '../../../src/policies/policy.ts';
import { Rng } from '../../../src/random.ts';
import { ROLLOUT_STATUS } from '../../../src/stream/frame.ts';
import type { EpisodeMessage } from '../../../src/stream/wire.ts';
import { toyPolicy, toyTask } from '../eval/toy-task.ts';

const envId = 'LiveToy-v0';
const modes = 6;
beforeAll(() => register({ id: envId, entry: async () => () => toyTask(modes, 2).env }));
afterAll(() => unregister(envId));

const choose = (rng: Rng) => (rng.uniform() < 0.2 ? null : rng.integer(modes));

/** {@link toyPolicy} for a batch, with a component per mode. */
function batchPolicy(): Policy {
  let streams: Rng[] = [];
  let chosen: (number | null)[] = [];
  const begin = (seed: number) => Rng.fromSeed(seed);
  return {
    ...toyPolicy(modes, choose),
    reset(seeds) {
      streams = seeds.map(begin);
    },
    restart(episode, seed) {
      streams[episode] = begin(seed);
    },
    act() {
      chosen = streams.map(choose);
      return Float32Array.from(chosen, (mode) => (mode === null ? -1 : (mode + 0.5) / modes));
    },
    explain() {
      const gate = new Float32Array(chosen.length * modes);
      for (const [i, mode] of chosen.entries()) gate[i * modes + (mode ?? 0)] = 1;
      return { component: Int32Array.from(chosen, (mode) => mode ?? 0), gate };
    },
  };
}

describe('LiveRollouts', () => {
  it('shows the episodes of an evaluation with the same seed, and comes to the same score', async () => {
    const rollouts = 5;
    const live = await LiveRollouts.create({ envId, policy: batchPolicy(), rollouts, seed: 9 });
    expect(live.components).toBe(modes);
    expect(live.score()).toMatchObject({ rollouts: 0, success: null, entropy: null });
    let steps = 0;
    while (live.score().rollouts < 60) {
      live.step();
      steps++;
    }
    const shown = live.score();
    live.close();
    const scored = await evaluatePolicy(toyPolicy(modes, choose), toyTask(modes, 2), {
      envId,
      rollouts: 60,
      seed: 9,
    });
    expect(shown.rollouts).toBe(60);
    expect(shown.success).toEqual(scored.success);
    expect(shown.modes.counts).toEqual(scored.modes.counts);
    expect(shown.entropy?.value).toBeCloseTo(scored.entropy.value, 12);
    // finished rollouts stay in view for a while before the next begins
    expect(steps).toBeGreaterThan(12 * 10);
  });

  it('tells how each rollout stands, and which component it acts with', async () => {
    const live = await LiveRollouts.create({ envId, policy: batchPolicy(), rollouts: 8, seed: 9 });
    expect([...live.frame.episode]).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
    expect([...live.frame.status]).toEqual(new Array(8).fill(ROLLOUT_STATUS.running));
    live.step();
    for (let i = 0; i < 8; i++) {
      const success = live.frame.mode[i] !== -1;
      expect(live.frame.status[i]).toBe(success ? ROLLOUT_STATUS.success : ROLLOUT_STATUS.failure);
      if (success) expect(live.frame.component[i]).toBe(live.frame.mode[i]);
      expect(live.frame.preferred[i]).toBe(live.frame.component[i]);
      expect(live.frame.confidence[i]).toBe(255);
      expect(live.frame.step[i]).toBe(1);
    }
    expect(live.frame.timeSeconds).toBeCloseTo(0.1, 12);
    live.close();
  });

  it('tells seed, context and gate of each rollout, the gate anew at every step', async () => {
    let asked = 0;
    const base = batchPolicy();
    const policy: Policy = {
      ...base,
      gate: (observations) => {
        asked++;
        const rows = observations.length / base.observationSize;
        return Float32Array.from({ length: rows * modes }, (_, i) =>
          i % modes === asked % modes ? 0.8 : 0.04,
        );
      },
    };
    const live = await LiveRollouts.create({
      envId,
      policy,
      rollouts: 3,
      seed: 9,
      onEpisode: (e) => ends.push(e),
    });
    const ends: EpisodeMessage[] = [];
    const seeds = [...live.frame.seed];
    const contexts = [...live.frame.context].map((context) => live.facts.contexts?.[context]);
    expect(new Set(seeds).size).toBe(3);
    live.step();
    expect(live.frame.gateEntries).toBe(4);
    expect([...live.frame.gateComponent].filter((_, i) => i % 4 === 0)).toEqual([1, 1, 1]);
    expect([...live.frame.gateProbability.subarray(0, 2)]).toEqual([204, 10]);
    expect(ends.map(({ seed }) => seed)).toEqual(seeds);
    expect(ends.map(({ context }) => context)).toEqual(contexts);
    live.close();
  });
});
