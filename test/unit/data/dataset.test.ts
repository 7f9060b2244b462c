import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createDataset, type Dataset, type Episode, openDataset } from '../../../src/data/index.ts';
import { DatasetError, OutputExistsError } from '../../../src/errors.ts';
import { episodeOfSeed, INFO } from './helpers.ts';
import { temporaryFolder } from './temporary-folder.ts';

async function record(path: string, seeds: readonly number[]): Promise<Episode[]> {
  const dataset = await createDataset(path, INFO);
  const episodes = seeds.map((seed) => episodeOfSeed(seed));
  for (const episode of episodes) await dataset.append(episode);
  await dataset.close();
  return episodes;
}

async function readAll(dataset: Dataset): Promise<Episode[]> {
  const episodes: Episode[] = [];
  for await (const episode of dataset) episodes.push(episode);
  return episodes;
}

const filesIn = (folder: string) => readdirSync(folder, { recursive: true }).map(String).sort();

describe('a dataset', () => {
  it('gives back every episode and the description it was created with', async () => {
    const path = join(temporaryFolder(), 'set');
    const episodes = await record(path, [0, 1, 2, 3, 4]);
    const dataset = await openDataset(path, { access: 'read' });
    expect(dataset.info).toEqual({ ...INFO, task: 'Avoiding-v0' });
    expect(dataset.length).toBe(5);
    expect(await readAll(dataset)).toEqual(episodes);
    expect(await dataset.episode(3)).toEqual(episodes[3]);
  });

  it('keeps every finite float32 bit for bit, negative zero and subnormals included', async () => {
    const bits = fc.integer({ min: 0, max: 0xffffffff }).map((value) => {
      const float = new Float32Array(new Uint32Array([value]).buffer)[0]!;
      return Number.isFinite(float) ? float : 0;
    });
    const values = fc.array(bits, { minLength: 7, maxLength: 7 });
    await fc.assert(
      fc.asyncProperty(values, async (numbers) => {
        const path = join(temporaryFolder(), 'set');
        const one = episodeOfSeed(1, 4);
        const state = Float32Array.from([
          ...numbers,
          -0,
          0,
          1e-45,
          -1e-45,
          3.4028234663852886e38,
          0,
          -0,
          1,
          1,
        ]);
        const dataset = await createDataset(path, INFO);
        await dataset.append({ ...one, columns: { ...one.columns, 'observation.state': state } });
        await dataset.append(one);
        await dataset.close();
        const read = await (await openDataset(path, { access: 'read' })).episode(0);
        const bitsOf = (array: Float32Array) => [...new Uint32Array(array.slice().buffer)];
        expect(bitsOf(read.columns['observation.state']!)).toEqual(bitsOf(state));
      }),
      { numRuns: 20 },
    );
  });

  it('shows an appended episode to other readers at once, before it is closed', async () => {
    const path = join(temporaryFolder(), 'set');
    const writer = await createDataset(path, INFO);
    for (const seed of [0, 1]) {
      await writer.append(episodeOfSeed(seed));
      const reader = await openDataset(path, { access: 'read' });
      expect(reader.length).toBe(seed + 1);
      expect(await reader.episode(seed)).toEqual(episodeOfSeed(seed));
    }
    await writer.close();
  });

  it('serves a reader that was open while the dataset was compacted', async () => {
    const path = join(temporaryFolder(), 'set');
    const writer = await createDataset(path, INFO);
    for (const seed of [0, 1, 2]) await writer.append(episodeOfSeed(seed));
    const reader = await openDataset(path, { access: 'read' });
    expect(await reader.episode(0)).toEqual(episodeOfSeed(0));
    await writer.close();
    expect(await reader.episode(2)).toEqual(episodeOfSeed(2));
    expect(await reader.episode(0)).toEqual(episodeOfSeed(0));
  });

  it('is compacted into one data file and one table on close, with nothing left over', async () => {
    const path = join(temporaryFolder(), 'set');
    await record(path, [0, 1, 2]);
    expect(filesIn(path).filter((name) => name.includes('.'))).toEqual([
      'data/chunk-000/file-000.parquet',
      'meta/episodes/chunk-000/file-000.parquet',
      'meta/info.json',
      'meta/modewise.json',
      'meta/stats.json',
      'meta/tasks.parquet',
    ]);
  });

  it('can be added to in later sessions', async () => {
    const path = join(temporaryFolder(), 'set');
    await record(path, [0, 1]);
    for (const seed of [2, 3, 4]) {
      const dataset = await openDataset(path, { access: 'append' });
      await dataset.append(episodeOfSeed(seed));
      expect(await dataset.episode(0)).toEqual(episodeOfSeed(0));
      await dataset.close();
    }
    const episodes = await readAll(await openDataset(path, { access: 'read' }));
    expect(episodes).toEqual([0, 1, 2, 3, 4].map((seed) => episodeOfSeed(seed)));
    expect(filesIn(join(path, 'data'))).toEqual(['chunk-000', 'chunk-000/file-000.parquet']);
    expect(JSON.parse(readFileSync(join(path, 'meta/info.json'), 'utf8'))).toMatchObject({
      total_episodes: 5,
      total_frames: episodes.reduce((total, { length }) => total + length, 0),
      splits: { train: '0:5' },
    });
  });

  it('may be empty', async () => {
    const path = join(temporaryFolder(), 'set');
    await (await createDataset(path, INFO)).close();
    const dataset = await openDataset(path, { access: 'read' });
    expect(dataset.length).toBe(0);
    await expect(dataset.episode(0)).rejects.toThrow(RangeError);
  });

  it('refuses an episode index outside its range', async () => {
    const path = join(temporaryFolder(), 'set');
    await record(path, [0]);
    const dataset = await openDataset(path, { access: 'read' });
    for (const index of [-1, 1, 0.5, Number.NaN])
      await expect(dataset.episode(index)).rejects.toThrow(RangeError);
  });

  it('accepts one writer at a time and may be closed twice', async () => {
    const path = join(temporaryFolder(), 'set');
    const first = await createDataset(path, INFO);
    await expect(openDataset(path, { access: 'append' })).rejects.toThrow(/another process writes/);
    await first.close();
    await first.close();
    await expect(first.append(episodeOfSeed(0))).rejects.toThrow(/closed/);
    const second = await openDataset(path, { access: 'append' });
    await second.close();
  });

  it('takes over the lock of a process that is gone', async () => {
    const path = join(temporaryFolder(), 'set');
    await record(path, [0]);
    // Process ids end far below this one.
    writeFileSync(join(path, '.modewise-lock'), '999999999\n');
    const dataset = await openDataset(path, { access: 'append' });
    await dataset.append(episodeOfSeed(1));
    await dataset.close();
    expect(filesIn(path)).not.toContain('.modewise-lock');
  });

  it('refuses to append when it was opened for reading', async () => {
    const path = join(temporaryFolder(), 'set');
    await record(path, [0]);
    const dataset = await openDataset(path, { access: 'read' });
    await expect(dataset.append(episodeOfSeed(1))).rejects.toThrow(/reading only/);
  });
});

describe('createDataset', () => {
  it('refuses a folder that holds something, and leaves it as it is', async () => {
    const path = temporaryFolder();
    writeFileSync(join(path, 'thesis.txt'), 'precious');
    await expect(createDataset(path, INFO)).rejects.toThrow(OutputExistsError);
    expect(filesIn(path)).toEqual(['thesis.txt']);
  });

  it('says that its folder cannot be made, where nothing was recorded that could be gone on with', async () => {
    const file = join(temporaryFolder(), 'file');
    writeFileSync(file, '');
    const created = createDataset(join(file, 'set'), INFO);
    await expect(created).rejects.toThrow(DatasetError);
    await expect(created).rejects.toThrow(/folder of the dataset cannot be made[\s\S]*ENOTDIR/);
  });

  it.each([
    ['no environment', { envId: '' }],
    ['no rate', { fps: 0 }],
    ['a mode twice', { modes: ['left', 'left'] }],
    ['no columns', { columns: {} }],
    ['a slash in a name', { columns: { 'a/b': { width: 1, names: [] } } }],
    ["LeRobot's own column", { columns: { timestamp: { width: 1, names: [] } } }],
    ['a width of 0', { columns: { action: { width: 0, names: [] } } }],
    ['too few component names', { columns: { action: { width: 2, names: ['x'] } } }],
  ])('refuses a description with %s', async (_, change) => {
    const path = join(temporaryFolder(), 'set');
    await expect(createDataset(path, { ...INFO, ...change })).rejects.toThrow(DatasetError);
    expect(filesIn(join(path, '..'))).toEqual([]);
  });
});

describe('append', () => {
  const good = episodeOfSeed(1, 3);
  const withColumn = (name: string, values: number[]) => ({
    ...good,
    columns: { ...good.columns, [name]: Float32Array.from(values) },
  });
  it.each<[string, Episode, RegExp]>([
    [
      'NaN',
      withColumn('action', [0, 0, 0, Number.NaN, 0, 0]),
      /column action, step 1, position 1\n {2}found: NaN/,
    ],
    ['infinity', withColumn('next.reward', [0, Infinity, 0]), /column next.reward, step 1/],
    ['a column too short', withColumn('action', [0, 0]), /found: 2 numbers\n {2}expected: 3 steps of 2: 6/],
    ['half a truth', withColumn('next.done', [0, 0.5, 1]), /expected: 0 or 1/],
    ['an unknown column', withColumn('observation.force', [0, 0, 0]), /observation\.force/],
    ['no step', { ...good, length: 0 }, /at least one step/],
    ['an unknown mode', { ...good, mode: 3 }, /expected: 0 to 2, or null/],
    ['no seed', { ...good, seed: Number.NaN }, /seed/],
  ])('refuses an episode with %s and goes on', async (_, episode, message) => {
    const path = join(temporaryFolder(), 'set');
    const dataset = await createDataset(path, INFO);
    await dataset.append(good);
    await expect(dataset.append(episode)).rejects.toThrow(message);
    await dataset.append(good);
    await dataset.close();
    expect((await openDataset(path, { access: 'read' })).length).toBe(2);
  });
});
