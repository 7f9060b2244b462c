import { describe, expect, it } from 'vitest';
import '../../../envs/index.ts';
import { type CollectOptions, collect, demonstrationInfo } from '../../../demos/collect.ts';
import { replayEpisode } from '../../../demos/replay.ts';
import { makeTask } from '../../../envs/task.ts';
import type { Episode } from '../../../src/data/episode.ts';
import { ConfigError, DatasetError, UnregisteredEnvError, UsageError } from '../../../src/errors.ts';
import { MemoryDataset } from './memory-dataset.ts';

const envId = 'Avoiding-v0';

async function emptyDataset(episodes: readonly Episode[] = []): Promise<MemoryDataset> {
  return new MemoryDataset(await demonstrationInfo(envId), episodes);
}

async function collected(options: Partial<CollectOptions> = {}, episodes: readonly Episode[] = []) {
  const dataset = await emptyDataset(episodes);
  const report = await collect({ envId, perMode: 1, seed: 0, dataset, ...options });
  return { dataset, report };
}

describe('collect', () => {
  it('records every mode, as successes that run past the finish line', async () => {
    const { dataset, report } = await collected();
    expect(report).toMatchObject({ added: 24, found: 0, interrupted: false, discarded: 0 });
    expect(dataset.episodes.map(({ mode }) => mode)).toEqual(Array.from({ length: 24 }, (_, mode) => mode));
    for (const { columns, length, success } of dataset.episodes) {
      expect(success).toBe(true);
      expect(columns['observation.state']).toHaveLength(4 * length);
      expect(columns.action).toHaveLength(2 * length);
      const done = [...(columns['next.done'] ?? [])];
      expect(done).toEqual([...new Array(length - 1).fill(0), 1]);
      expect([...(columns['next.reward'] ?? [])].filter((reward) => reward === 1)).toHaveLength(1);
      const succeededAt = columns['next.success']?.indexOf(1) ?? -1;
      expect(columns['next.reward']?.[succeededAt]).toBe(1);
      expect(length - succeededAt - 1).toBeGreaterThanOrEqual(6);
    }
    expect(report.transitions).toBe(dataset.episodes.reduce((sum, { length }) => sum + length, 0));
  });

  it('keeps what a replay confirms, and the replay notices a change of one action', async () => {
    const { dataset } = await collected();
    const episode = dataset.episodes[17] as Episode;
    const made = await makeTask(envId, { kwargs: { terminateOnSuccess: false } });
    expect(replayEpisode(made, episode)).toMatchObject({ same: true, stateHash: episode.finalStateHash });
    const action = episode.columns.action?.slice() ?? new Float32Array();
    action[21] = Math.fround((action[21] ?? 0) * 0.999);
    const changed = { ...episode, columns: { ...episode.columns, action } };
    expect(replayEpisode(made, changed)).toMatchObject({ same: false, firstDifference: 11 });
    // ended early by the default environment, which stops at success
    const stopping = await makeTask(envId);
    expect(replayEpisode(stopping, episode).same).toBe(false);
  });

  it('gives the same demonstration whatever was collected before it', async () => {
    const all = (await collected({ perMode: 2 })).dataset.episodes;
    const firstHalf = (await collected()).dataset.episodes;
    expect(firstHalf).toEqual(all.slice(0, 24));
    const { dataset, report } = await collected({ perMode: 2 }, [...all.slice(0, 5), ...all.slice(9, 20)]);
    expect(report).toMatchObject({ found: 16, added: 32 });
    const byName = (episodes: readonly Episode[]) =>
      [...episodes].map((e) => JSON.stringify([e.mode, e.provenance, e.finalStateHash])).sort();
    expect(byName(dataset.episodes)).toEqual(byName(all));
  });

  it('gives the same episodes in the same order on worker threads', async () => {
    const here = await collected({ perMode: 2 });
    const onWorkers = await collected({ perMode: 2, workers: 2 });
    expect(onWorkers.dataset.episodes).toEqual(here.dataset.episodes);
    expect(onWorkers.report).toEqual(here.report);
    const controller = new AbortController();
    const stopped = await collected({
      perMode: 2,
      workers: 2,
      signal: controller.signal,
      onEpisode: ({ done }) => done === 5 && controller.abort(),
    });
    expect(stopped.report).toMatchObject({ added: 5, interrupted: true });
    expect(stopped.dataset.episodes).toEqual(here.dataset.episodes.slice(0, 5));
  });

  it('depends on the seed', async () => {
    const hashes = async (seed: number) =>
      (await collected({ seed })).dataset.episodes.map(({ finalStateHash }) => finalStateHash);
    const [zero, one] = [await hashes(0), await hashes(1)];
    expect(zero.filter((hash) => one.includes(hash))).toEqual([]);
  });

  it('stops after the episode in progress when asked to, and keeps what it has', async () => {
    const controller = new AbortController();
    const dataset = await emptyDataset();
    const report = await collect({
      envId,
      perMode: 1,
      seed: 0,
      dataset,
      signal: controller.signal,
      onEpisode: ({ done, total }) => {
        expect(total).toBe(24);
        if (done === 3) controller.abort();
      },
    });
    expect(report).toMatchObject({ added: 3, interrupted: true });
    expect(dataset.length).toBe(3);
    const rest = await collect({ envId, perMode: 1, seed: 0, dataset });
    expect(rest).toMatchObject({ added: 21, found: 3, interrupted: false });
  });

  it('does not go on with what another demonstrator began', async () => {
    const { dataset } = await collected();
    const foreign = dataset.episodes.map((episode) => ({
      ...episode,
      provenance: { ...episode.provenance, author: 'an earlier version' },
    }));
    await expect(collected({ perMode: 2 }, foreign)).rejects.toThrow(/begun by another demonstrator/);
    // with another seed it is another collection
    expect((await collected({ seed: 1 }, foreign)).report).toMatchObject({ found: 0, added: 24 });
  });

  it('says what is wrong with its options', async () => {
    const dataset = await emptyDataset();
    const options = { envId, perMode: 1, seed: 0, dataset };
    await expect(collect({ ...options, perMode: 0 })).rejects.toThrow(ConfigError);
    await expect(collect({ ...options, workers: 0 })).rejects.toThrow(ConfigError);
    await expect(collect({ ...options, trunk: 1.5 })).rejects.toThrow(ConfigError);
    await expect(collect({ ...options, trunk: Number.NaN })).rejects.toThrow(ConfigError);
    await expect(collect({ ...options, envId: 'Other-v0' })).rejects.toThrow(DatasetError);
    await expect(demonstrationInfo('Avoidng-v0')).rejects.toThrow(UsageError);
    await expect(demonstrationInfo('Avoidng-v0')).rejects.toThrow("did you mean 'Avoiding-v0'?");
    await expect(makeTask('Avoidng-v0')).rejects.toThrow(UnregisteredEnvError);
    expect(dataset.length).toBe(0);
  });
});
