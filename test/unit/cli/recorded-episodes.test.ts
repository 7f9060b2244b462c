import { describe, expect, it } from 'vitest';
import '../../../envs/index.ts';
import { checkEpisodes } from '../../../src/cli/recorded-episodes.ts';
import { LiveRollouts } from '../../../src/live/live-rollouts.ts';
import type { Policy } from '../../../src/policies/policy.ts';
import { decodeFloats, encodeFloats } from '../../../src/stream/floats.ts';
import type { EpisodeMessage } from '../../../src/stream/wire.ts';

/** Pushes the rod forward, a little to the side. */
const policy: Policy = {
  method: 'forward',
  observationSize: 4,
  actionSize: 2,
  reset() {},
  restart() {},
  act: (observations) =>
    Float32Array.from({ length: observations.length / 2 }, (_, i) => (i % 2 === 0 ? 0.002 : 0.008)),
};

async function episodes(count: number): Promise<EpisodeMessage[]> {
  const finished: EpisodeMessage[] = [];
  const live = await LiveRollouts.create({
    envId: 'Avoiding-v0',
    policy,
    rollouts: 2,
    seed: 3,
    episodes: count,
    onEpisode: (episode) => finished.push(episode),
  });
  while (!live.done) live.step();
  live.close();
  return finished;
}

describe('recorded episodes', () => {
  it('come to the same state again, as many as were asked for', async () => {
    const recorded = await episodes(3);
    expect(recorded.map(({ episode }) => episode).sort()).toEqual([0, 1, 2]);
    expect(await checkEpisodes(recorded)).toEqual({ checked: 3, problems: [] });
  });

  it('are reported with the step from which on they differ', async () => {
    const [first, second] = (await episodes(2)) as [EpisodeMessage, EpisodeMessage];
    const actions = decodeFloats(first.actions);
    actions[2 * 5] = -0.001; // the command of step 5 shows in what is observed at step 6
    const changed = { ...first, actions: encodeFloats([actions]) };
    const short = { ...second, steps: second.steps + 1 };
    const { problems } = await checkEpisodes([changed, second, short]);
    expect(problems).toHaveLength(2);
    expect(problems[0]).toMatch(/^episode \d .*differs from step 6 on: state hash [0-9a-f]{16}, recorded/);
    expect(problems[1]).toMatch(/are not those of/);
  });
});
