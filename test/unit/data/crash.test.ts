import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it, vi } from 'vitest';
import {
  createDataset,
  inspectDataset,
  openDataset,
  repairDataset,
  validateDataset,
} from '../../../src/data/index.ts';
import { DatasetError } from '../../../src/errors.ts';
import { episodeOfSeed, INFO } from './helpers.ts';
import { temporaryFolder } from './temporary-folder.ts';

/** How many more changes of the folder succeed; then every one of them fails, as after `kill -9`. */
const disk = vi.hoisted(() => ({ changesLeft: Number.POSITIVE_INFINITY }));

vi.mock('../../../src/data/formats/dataset-file.ts', async (original) => {
  const real = await original<typeof import('../../../src/data/formats/dataset-file.ts')>();
  const guard =
    <A extends unknown[]>(change: (...args: A) => void) =>
    (...args: A) => {
      if (disk.changesLeft-- <= 0) throw new Error('the process was killed');
      change(...args);
    };
  return { writeDatasetFile: guard(real.writeDatasetFile), removeDatasetFile: guard(real.removeDatasetFile) };
});

afterEach(() => {
  disk.changesLeft = Number.POSITIVE_INFINITY;
});

async function seedsIn(path: string): Promise<number[]> {
  const seeds: number[] = [];
  for await (const episode of await openDataset(path, { access: 'read' })) {
    expect(episode).toEqual(episodeOfSeed(episode.seed));
    seeds.push(episode.seed);
  }
  return seeds;
}

/** Runs a change of the dataset once for every point at which it can be cut off, until it goes through. */
async function cutOffEverywhere(
  prepare: (path: string) => Promise<unknown>,
  change: (path: string) => Promise<unknown>,
  check: (path: string) => Promise<unknown>,
): Promise<number> {
  for (let changes = 0; ; changes++) {
    const path = join(temporaryFolder(), 'set');
    await prepare(path);
    disk.changesLeft = changes;
    const cut = await change(path).then(
      () => false,
      () => true,
    );
    disk.changesLeft = Number.POSITIVE_INFINITY;
    await check(path);
    rmSync(path, { recursive: true });
    if (!cut) return changes;
  }
}

async function record(path: string, seeds: readonly number[]): Promise<void> {
  const dataset = await createDataset(path, INFO);
  for (const seed of seeds) await dataset.append(episodeOfSeed(seed));
  await dataset.close();
}

async function addAndClose(path: string, seeds: readonly number[]): Promise<void> {
  const dataset = await openDataset(path, { access: 'append' });
  try {
    for (const seed of seeds) await dataset.append(episodeOfSeed(seed));
  } finally {
    // The operating system would drop the lock of a dead process; here it has to be given back.
    await dataset.close();
  }
}

describe('a crash', () => {
  it('while closing a first recording loses no episode, wherever it strikes', async () => {
    const points = await cutOffEverywhere(
      async () => {},
      async (path) => {
        const left = disk.changesLeft;
        disk.changesLeft = Number.POSITIVE_INFINITY;
        const dataset = await createDataset(path, INFO);
        for (const seed of [0, 1, 2]) await dataset.append(episodeOfSeed(seed));
        disk.changesLeft = left;
        await dataset.close();
      },
      async (path) => {
        expect(await seedsIn(path)).toEqual([0, 1, 2]);
        await addAndClose(path, [3]);
        expect(await seedsIn(path)).toEqual([0, 1, 2, 3]);
        expect(await validateDataset(path)).toMatchObject({ valid: true, finished: true, problems: [] });
        expect(readdirSync(join(path, 'data/chunk-000'))).toEqual(['file-000.parquet']);
      },
    );
    expect(points).toBeGreaterThan(5);
  });

  it('while adding to a dataset loses at most the episodes that were not appended yet', async () => {
    await cutOffEverywhere(
      (path) => record(path, [0, 1]),
      (path) => addAndClose(path, [2, 3]),
      async (path) => {
        const seeds = await seedsIn(path);
        expect([0, 1, 2, 3].slice(0, seeds.length)).toEqual(seeds);
        expect(seeds.length).toBeGreaterThanOrEqual(2);
        expect(await repairDataset(path)).toMatchObject({ episodes: seeds.length });
        expect(await seedsIn(path)).toEqual(seeds);
        expect(await validateDataset(path)).toMatchObject({ valid: true, finished: true });
      },
    );
  });

  it('while repairing can be repaired again', async () => {
    await cutOffEverywhere(
      async (path) => {
        await record(path, [0, 1]);
        const dataset = await openDataset(path, { access: 'append' });
        await dataset.append(episodeOfSeed(2));
        disk.changesLeft = 0;
        await dataset.close().catch(() => {});
        disk.changesLeft = Number.POSITIVE_INFINITY;
      },
      (path) => repairDataset(path),
      async (path) => {
        expect(await repairDataset(path)).toMatchObject({ episodes: 3 });
        expect(await seedsIn(path)).toEqual([0, 1, 2]);
      },
    );
  });

  it('leaves a recording that says it is unfinished, and a temporary file that is cleared away', async () => {
    const path = join(temporaryFolder(), 'set');
    await record(path, [0]);
    const dataset = await openDataset(path, { access: 'append' });
    await dataset.append(episodeOfSeed(1));
    disk.changesLeft = 0;
    await expect(dataset.close()).rejects.toThrow();
    disk.changesLeft = Number.POSITIVE_INFINITY;
    const temporary = join(path, 'data/chunk-000/file-002.parquet.tmp-77');
    writeFileSync(temporary, 'PAR1');
    expect(await inspectDataset(path)).toMatchObject({ finished: false, episodes: 2 });
    expect(await validateDataset(path)).toMatchObject({ valid: true, finished: false });
    await (await openDataset(path, { access: 'append' })).close();
    expect(await inspectDataset(path)).toMatchObject({ finished: true, episodes: 2 });
    expect(readdirSync(join(path, 'data/chunk-000'))).toEqual(['file-000.parquet']);
  });
});

describe('a failing write', () => {
  it('keeps the episodes recorded before it, and recording can go on', async () => {
    const path = join(temporaryFolder(), 'set');
    const dataset = await createDataset(path, INFO);
    await dataset.append(episodeOfSeed(0));
    // A folder of that name makes the rename fail for any user, root included.
    mkdirSync(join(path, 'data/chunk-000/file-001.parquet/full'), { recursive: true });
    const failure = dataset.append(episodeOfSeed(1));
    await expect(failure).rejects.toThrow(DatasetError);
    await expect(failure).rejects.toThrow(/file-001\.parquet\n {2}found: .*\n {2}remedy: free disk space/);
    expect(dataset.length).toBe(1);
    rmSync(join(path, 'data/chunk-000/file-001.parquet'), { recursive: true });
    expect(await seedsIn(path)).toEqual([0]);
    await dataset.append(episodeOfSeed(2));
    await dataset.close();
    expect(await seedsIn(path)).toEqual([0, 2]);
  });
});
