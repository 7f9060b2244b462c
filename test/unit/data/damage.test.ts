import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  createDataset,
  loadTrainingData,
  openDataset,
  repairDataset,
  salvageDataset,
  validateDataset,
} from '../../../src/data/index.ts';
import { DatasetError } from '../../../src/errors.ts';
import { episodeOfSeed, INFO } from './helpers.ts';
import { temporaryFolder } from './temporary-folder.ts';

const DATA = 'data/chunk-000/file-000.parquet';
const TABLE = 'meta/episodes/chunk-000/file-000.parquet';

async function recorded(seeds = [0, 1, 2]): Promise<string> {
  const path = join(temporaryFolder(), 'set');
  const dataset = await createDataset(path, INFO);
  for (const seed of seeds) await dataset.append(episodeOfSeed(seed));
  await dataset.close();
  return path;
}

/** A recording of three episodes that was never closed: a data file each. */
async function unfinished(): Promise<string> {
  const path = join(temporaryFolder(), 'set');
  const dataset = await createDataset(path, INFO);
  for (const seed of [0, 1, 2]) await dataset.append(episodeOfSeed(seed));
  return path;
}

const snapshot = (path: string) =>
  readdirSync(path, { recursive: true })
    .map(String)
    .sort()
    .map((name) => {
      const file = join(path, name);
      const content = statSync(file).isFile() ? readFileSync(file) : '';
      return `${name} ${createHash('sha256').update(content).digest('hex')}`;
    });

function editJson(path: string, edit: (content: Record<string, unknown>) => void): void {
  const content = JSON.parse(readFileSync(path, 'utf8')) as Record<string, unknown>;
  edit(content);
  writeFileSync(path, JSON.stringify(content));
}

function flipByte(path: string, at: number): void {
  const bytes = readFileSync(path);
  bytes[at] = bytes[at]! ^ 0xff;
  writeFileSync(path, bytes);
}

describe('a damaged dataset', () => {
  it.each<[string, (path: string) => void, RegExp]>([
    [
      'a truncated data file',
      (p) => truncateSync(join(p, DATA), 3000),
      /damaged\n {2}where: .*file-000\.parquet/,
    ],
    ['an empty data file', (p) => truncateSync(join(p, DATA), 0), /damaged\n {2}where: .*file-000\.parquet/],
    [
      'a missing data file',
      (p) => rmSync(join(p, DATA)),
      /a data file is missing\n {2}where: .*file-000\.parquet/,
    ],
    ['a flipped bit in the data', (p) => flipByte(join(p, DATA), 60), /not those that were recorded|damaged/],
    [
      'a truncated episode table',
      (p) => truncateSync(join(p, TABLE), 900),
      /damaged\n {2}where: .*meta\/episodes/,
    ],
    [
      'an info.json that is no JSON',
      (p) => writeFileSync(join(p, 'meta/info.json'), '{'),
      /no JSON\n.*info\.json/,
    ],
    [
      'an info.json without a rate',
      (p) => editJson(join(p, 'meta/info.json'), (info) => delete info.fps),
      /info\.json, key fps/,
    ],
    [
      'a column that is wider in info.json than in the data',
      (p) =>
        editJson(join(p, 'meta/info.json'), (info) => {
          (info.features as Record<string, { shape: number[] }>).action!.shape = [3];
        }),
      /column 'action'.*\n {2}where: .*row 0\n {2}found: 2 numbers\n {2}expected: 3/,
    ],
    [
      'a column that info.json names and the data lack',
      (p) =>
        editJson(join(p, 'meta/info.json'), (info) => {
          Object.assign(info.features as object, { force: { dtype: 'float32', shape: [1], names: null } });
        }),
      /a column is missing: 'force'/,
    ],
    [
      'more episodes announced than there are',
      (p) => editJson(join(p, 'meta/info.json'), (info) => Object.assign(info, { total_episodes: 9 })),
      /episodes are missing\n.*\n {2}found: 3 episodes.*\n {2}expected: total_episodes 9/,
    ],
    [
      'a modewise.json of a later version',
      (p) =>
        editJson(join(p, 'meta/modewise.json'), (content) => Object.assign(content, { format_version: 2 })),
      /modewise\.json, key format_version/,
    ],
  ])('with %s is refused, named, and left as it is', async (_, damage, message) => {
    const path = await recorded();
    damage(path);
    const before = snapshot(path);
    const load = async () => loadTrainingData(await openDataset(path, { access: 'read' }));
    await expect(load()).rejects.toThrow(DatasetError);
    await expect(load()).rejects.toThrow(message);
    expect(await validateDataset(path)).toMatchObject({ valid: false });
    expect((await validateDataset(path)).problems.join('\n')).toMatch(message);
    expect(snapshot(path)).toEqual(before);
  });

  it('never yields wrong numbers for any flipped byte of its data pages', async () => {
    const path = await recorded([1]);
    const whole = readFileSync(join(path, DATA));
    const expected = await (await openDataset(path, { access: 'read' })).episode(0);
    for (let at = 4; at < 400; at += 7) {
      flipByte(join(path, DATA), at);
      const read = await openDataset(path, { access: 'read' })
        .then((dataset) => dataset.episode(0))
        .catch((error: unknown) => error);
      if (!(read instanceof DatasetError)) expect(read).toEqual(expected);
      writeFileSync(join(path, DATA), whole);
    }
  });

  it('with a gap in its episode indices is refused', async () => {
    const path = await unfinished();
    rmSync(join(path, 'data/chunk-000/file-001.parquet'));
    const open = openDataset(path, { access: 'read' });
    await expect(open).rejects.toThrow(/gap\n.*\n {2}found: 2 episodes, none of them with index 1/);
    await expect(repairDataset(path)).rejects.toThrow(/gap/);
  });

  it('can have its intact episodes copied out', async () => {
    const path = await unfinished();
    truncateSync(join(path, 'data/chunk-000/file-001.parquet'), 700);
    const before = snapshot(path);
    const out = join(temporaryFolder(), 'salvaged');
    const report = await salvageDataset(path, out);
    expect(report.episodes).toBe(2);
    expect(report.lost).toMatchObject([{ where: expect.stringContaining('file-001.parquet') }]);
    expect(snapshot(path)).toEqual(before);
    const dataset = await openDataset(out, { access: 'read' });
    expect([(await dataset.episode(0)).seed, (await dataset.episode(1)).seed]).toEqual([0, 2]);
    expect(await validateDataset(out)).toMatchObject({ valid: true });
  });

  it('without its metadata is rebuilt from the data files', async () => {
    const path = await recorded();
    const before = snapshot(path);
    rmSync(join(path, 'meta'), { recursive: true });
    await expect(openDataset(path, { access: 'read' })).rejects.toThrow(
      /lost its meta\/info\.json[\s\S]*data repair/,
    );
    expect(await repairDataset(path)).toMatchObject({ episodes: 3 });
    expect(snapshot(path)).toEqual(before);
  });

  it('whose metadata contradict the data is found out by validation', async () => {
    const path = await recorded();
    editJson(join(path, 'meta/info.json'), (info) => Object.assign(info, { total_frames: 1 }));
    editJson(join(path, 'meta/stats.json'), (stats) => {
      (stats.action as { count: number[] }).count = [2];
    });
    const { problems } = await validateDataset(path);
    expect(problems).toHaveLength(2);
    expect(problems[0]).toMatch(/total_frames\n {2}found: 1\n/);
    expect(problems[1]).toMatch(/stats\.json, action\.count\n {2}found: \[2\]/);
  });
});

describe('a foreign folder', () => {
  it.each<[string, (path: string) => void, RegExp]>([
    ['nothing', (p) => rmSync(p, { recursive: true }), /no dataset here\n.*\n {2}found: nothing/],
    ['no files', () => {}, /found: an empty folder/],
    ['photographs', (p) => writeFileSync(join(p, 'cat.jpg'), 'x'), /found: cat\.jpg/],
    ['an HDF5 file', (p) => writeFileSync(join(p, 'demo.hdf5'), 'x'), /found: an HDF5 file, demo\.hdf5/],
    [
      'a LeRobotDataset v2.1',
      (p) => {
        mkdirSync(join(p, 'meta'));
        writeFileSync(
          join(p, 'meta/info.json'),
          JSON.stringify({ codebase_version: 'v2.1', fps: 10, features: {} }),
        );
      },
      /version v2\.1[\s\S]*convert/,
    ],
  ])('with %s is refused in either access, and nothing is written', async (_, fill, message) => {
    const path = temporaryFolder();
    fill(path);
    const parent = join(path, '..');
    const before = readdirSync(parent).includes(path.slice(parent.length + 1)) ? snapshot(path) : null;
    await expect(openDataset(path, { access: 'read' })).rejects.toThrow(message);
    await expect(openDataset(path, { access: 'append' })).rejects.toThrow(message);
    expect(await validateDataset(path).catch((error: unknown) => error)).toSatisfy(
      (result: unknown) => result instanceof DatasetError || (result as { valid: boolean }).valid === false,
    );
    await expect(repairDataset(path)).rejects.toThrow(DatasetError);
    if (before !== null) expect(snapshot(path)).toEqual(before);
  });

  it('that is a file is refused', async () => {
    const path = join(temporaryFolder(), 'demo.h5');
    writeFileSync(path, 'x');
    await expect(openDataset(path, { access: 'read' })).rejects.toThrow(/a file \(HDF5\)/);
  });
});
