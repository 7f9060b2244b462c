import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { createDataset, type Dataset, type DatasetInfo, openDataset } from '../../src/data/index.ts';
import { DatasetError } from '../../src/errors.ts';
import { episodeOfSeed, INFO } from '../unit/data/helpers.ts';
import { temporaryFolder } from '../unit/data/temporary-folder.ts';

/** A way of storing datasets: every one has to keep the promises of the `Dataset` interface. */
interface Store {
  readonly name: string;
  create(path: string, info: DatasetInfo): Promise<Dataset>;
  open(path: string, access: 'read' | 'append'): Promise<Dataset>;
}

const STORES: readonly Store[] = [
  {
    name: 'LeRobotDataset v3.0',
    create: createDataset,
    open: (path, access) => openDataset(path, { access }),
  },
];

describe.each(STORES)('$name', ({ create, open }) => {
  it('holds what was appended, in order, before and after closing', async () => {
    const path = join(temporaryFolder(), 'set');
    const writer = await create(path, INFO);
    for (const seed of [3, 1, 2]) await writer.append(episodeOfSeed(seed));
    for (const stage of ['open', 'closed']) {
      const seeds: number[] = [];
      for await (const episode of await open(path, 'read')) {
        expect(episode, stage).toEqual(episodeOfSeed(episode.seed));
        seeds.push(episode.seed);
      }
      expect(seeds, stage).toEqual([3, 1, 2]);
      await writer.close();
    }
  });

  it('can be iterated over again and at once', async () => {
    const path = join(temporaryFolder(), 'set');
    const writer = await create(path, INFO);
    for (const seed of [0, 1, 2]) await writer.append(episodeOfSeed(seed));
    await writer.close();
    const dataset = await open(path, 'read');
    const [a, b] = await Promise.all([dataset.episode(2), dataset.episode(0)]);
    expect([a.seed, b.seed]).toEqual([2, 0]);
    for (let round = 0; round < 2; round++) {
      let count = 0;
      for await (const _ of dataset) count++;
      expect(count).toBe(3);
    }
  });

  it('hands out arrays that may be changed without changing the dataset', async () => {
    const path = join(temporaryFolder(), 'set');
    const writer = await create(path, INFO);
    await writer.append(episodeOfSeed(0));
    await writer.close();
    const dataset = await open(path, 'read');
    (await dataset.episode(0)).columns.action!.fill(7);
    expect(await dataset.episode(0)).toEqual(episodeOfSeed(0));
  });

  it('refuses a bad episode with a DatasetError and stays usable', async () => {
    const path = join(temporaryFolder(), 'set');
    const writer = await create(path, INFO);
    await expect(writer.append({ ...episodeOfSeed(0), columns: {} })).rejects.toThrow(DatasetError);
    await writer.append(episodeOfSeed(0));
    expect(writer.length).toBe(1);
    await writer.close();
  });
});
