import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  createDataset,
  type DatasetInfo,
  loadTrainingData,
  openDataset,
  selectEpisodes,
} from '../../../src/data/index.ts';
import { DatasetError } from '../../../src/errors.ts';
import { episodeOfSeed, INFO } from './helpers.ts';
import { temporaryFolder } from './temporary-folder.ts';

async function dataset(seeds: readonly number[], info: DatasetInfo = INFO) {
  const path = join(temporaryFolder(), 'set');
  const writer = await createDataset(path, info);
  for (const seed of seeds) {
    const episode = episodeOfSeed(seed);
    const columns = Object.fromEntries(
      Object.keys(info.columns).map((name) => [name, episode.columns[name]!]),
    );
    await writer.append({ ...episode, columns });
  }
  await writer.close();
  return openDataset(path, { access: 'read' });
}

describe('loadTrainingData', () => {
  it('lays the episodes end to end', async () => {
    const data = await loadTrainingData(await dataset([0, 3, 1]));
    const lengths = [0, 3, 1].map((seed) => episodeOfSeed(seed).length);
    expect(data).toMatchObject({ envId: 'Avoiding-v0', observationSize: 4, actionSize: 2 });
    expect([...data.episodeStarts]).toEqual([
      0,
      lengths[0],
      lengths[0]! + lengths[1]!,
      data.observations.length / 4,
    ]);
    expect([...data.modes]).toEqual([0, -1, 1]);
    const start = data.episodeStarts[1]!;
    const end = data.episodeStarts[2]!;
    expect(data.observations.slice(start * 4, end * 4)).toEqual(
      episodeOfSeed(3).columns['observation.state'],
    );
    expect(data.actions.slice(start * 2, end * 2)).toEqual(episodeOfSeed(3).columns.action);
  });

  it('reads some episodes, in the order asked for', async () => {
    const data = await loadTrainingData(await dataset([0, 1, 2]), [2, 0]);
    expect([...data.modes]).toEqual([2, 0]);
    expect(data.actions.slice(0, 4)).toEqual(episodeOfSeed(2).columns.action!.slice(0, 4));
  });

  it('refuses an empty dataset and one without actions', async () => {
    await expect(loadTrainingData(await dataset([]))).rejects.toThrow(DatasetError);
    const { action, ...columns } = INFO.columns;
    expect(action).toBeDefined();
    await expect(loadTrainingData(await dataset([0], { ...INFO, columns }))).rejects.toThrow(
      /no column 'action'/,
    );
  });
});

describe('selectEpisodes', () => {
  it('copies the episodes asked for', async () => {
    const set = await dataset([0, 1, 2]);
    const all = await loadTrainingData(set);
    expect(selectEpisodes(all, [2, 0])).toEqual(await loadTrainingData(set, [2, 0]));
  });

  it('refuses an episode that is not there', async () => {
    const data = await loadTrainingData(await dataset([0]));
    expect(() => selectEpisodes(data, [1])).toThrow(RangeError);
    expect(() => selectEpisodes(data, [0.5])).toThrow(RangeError);
  });
});
