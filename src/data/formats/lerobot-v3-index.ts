import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { DatasetError } from '../../errors.ts';
import type { DatasetInfo } from '../dataset.ts';
import { decodeEpisodesFile, type EpisodeRow } from './lerobot-v3-episodes-file.ts';
import { FACTS_KEY, parseFileFacts } from './lerobot-v3-facts.ts';
import { readInfo, type StoredInfo } from './lerobot-v3-info.ts';
import {
  chunkedPath,
  comparePositions,
  DATA_FOLDER,
  EPISODES_FOLDER,
  type FilePosition,
  INFO_PATH,
  listChunked,
} from './lerobot-v3-layout.ts';
import { metadataOf, readParquet } from './parquet.ts';

/** Where one episode lies. */
export interface EpisodeEntry extends EpisodeRow {
  /** Position of its first frame in its data file. */
  readonly rowStart: number;
}

/** What a dataset folder holds, as found. */
export interface DatasetIndex {
  readonly stored: StoredInfo;
  /** The episodes, in order and without gaps. */
  readonly entries: readonly EpisodeEntry[];
  /** How many episodes, from the first, `meta/episodes` lists; the others are known from their data files. */
  readonly listed: number;
  /** The data files, in order; one of them may hold nothing that others do not hold (see `superseded`). */
  readonly dataFiles: readonly FilePosition[];
  readonly episodeFiles: readonly FilePosition[];
  /** Data files whose episodes lie elsewhere too: an interrupted compaction left them. */
  readonly superseded: readonly FilePosition[];
  /** Temporary files that an interrupted writer left, relative to the dataset. */
  readonly temporary: readonly string[];
}

/** Refuses what is no LeRobotDataset folder, saying what it looks like instead. */
export function requireDatasetFolder(root: string): void {
  const expected = `a LeRobotDataset v3.0 folder with ${INFO_PATH}`;
  const remedy = 'check the path; record a dataset with: modewise collect ENV --out DIR';
  const refuse = (found: string) =>
    new DatasetError({ what: 'there is no dataset here', where: root, found, expected, remedy });
  if (!existsSync(root)) throw refuse('nothing');
  if (!statSync(root).isDirectory()) throw refuse(`a file (${describeFile(root)})`);
  if (existsSync(join(root, INFO_PATH))) return;
  const names = readdirSync(root);
  if (listChunked(root, DATA_FOLDER).files.length > 0) {
    throw new DatasetError({
      what: `a dataset has lost its ${INFO_PATH}`,
      where: join(root, INFO_PATH),
      found: 'nothing',
      remedy: 'rebuild it from the data files with: modewise data repair DIR',
    });
  }
  const hdf5 = names.find((name) => /\.(hdf5|h5)$/.test(name));
  if (hdf5 !== undefined) throw refuse(`an HDF5 file, ${hdf5}`);
  throw refuse(names.length === 0 ? 'an empty folder' : names.slice(0, 5).join(', '));
}

function describeFile(path: string): string {
  if (/\.(hdf5|h5)$/.test(path)) return 'HDF5';
  if (/\.(zarr|zip)$/.test(path)) return 'an archive';
  return `${statSync(path).size} bytes`;
}

/** Reads the rows of `meta/episodes`; of several rows of one episode the first counts. */
async function readEpisodeTable(
  root: string,
  files: readonly FilePosition[],
): Promise<Map<number, EpisodeRow>> {
  const rows = new Map<number, EpisodeRow>();
  for (const position of files) {
    for (const row of await decodeEpisodesFile(
      readParquet(join(root, chunkedPath(EPISODES_FOLDER, position))),
    )) {
      if (!rows.has(row.facts.index)) rows.set(row.facts.index, row);
    }
  }
  return rows;
}

/**
 * Takes the rows of a file's episodes from the file itself.
 *
 * @throws DatasetError when the file is damaged, or another program wrote it.
 */
export function rowsOfDataFile(
  root: string,
  position: FilePosition,
): { info: DatasetInfo; rows: EpisodeRow[] } {
  const path = join(root, chunkedPath(DATA_FOLDER, position));
  const file = readParquet(path);
  const text = metadataOf(file, FACTS_KEY);
  if (text === undefined) throw unlistedFile(path);
  const { dataset, episodes } = parseFileFacts(text, path);
  const frames = episodes.reduce((total, { length }) => total + length, 0);
  if (frames !== file.rows) {
    throw new DatasetError({
      what: 'a data file does not hold the frames that it announces',
      where: path,
      found: `${file.rows} frames`,
      expected: `${frames} frames in ${episodes.length} episodes`,
    });
  }
  return { info: dataset, rows: episodes.map((facts) => ({ facts, position, firstFrame: 0 })) };
}

/** What some data files say of themselves. */
export interface DataFileScan {
  /** Null when there is no data file. */
  readonly info: DatasetInfo | null;
  /** Those that hold no episode that was not known before. */
  readonly superseded: readonly FilePosition[];
}

/**
 * Adds the episodes of data files, as the files tell them, to the rows that are known already.
 *
 * @param rows - extended in place; an episode that is in it stays as it is.
 * @throws DatasetError when a file is damaged, or another program wrote it.
 */
export function addDataFiles(
  root: string,
  files: readonly FilePosition[],
  rows: Map<number, EpisodeRow>,
): DataFileScan {
  const superseded: FilePosition[] = [];
  let info: DatasetInfo | null = null;
  for (const position of files) {
    const found = rowsOfDataFile(root, position);
    info ??= found.info;
    const fresh = found.rows.filter(({ facts }) => !rows.has(facts.index));
    if (fresh.length === 0) superseded.push(position);
    for (const row of fresh) rows.set(row.facts.index, row);
  }
  return { info, superseded };
}

/**
 * Finds the episodes of a dataset from its files, whatever state a crash left them in; writes nothing.
 *
 * @throws DatasetError when the folder holds something else, or a file is damaged or missing.
 */
export async function readIndex(root: string): Promise<DatasetIndex> {
  requireDatasetFolder(root);
  const stored = readInfo(root);
  const data = listChunked(root, DATA_FOLDER);
  const episodeFiles = listChunked(root, EPISODES_FOLDER);
  const rows = await readEpisodeTable(root, episodeFiles.files);
  const listed = rows.size;
  const present = new Set(data.files.map((position) => chunkedPath(DATA_FOLDER, position)));
  const referenced = new Set<string>();
  for (const { facts, position } of rows.values()) {
    const path = chunkedPath(DATA_FOLDER, position);
    referenced.add(path);
    if (!present.has(path)) throw missingFile(root, path, facts.index);
  }
  const unlisted = data.files.filter((position) => !referenced.has(chunkedPath(DATA_FOLDER, position)));
  const { superseded } = addDataFiles(root, unlisted, rows);
  const entries = orderEpisodes(root, rows);
  if (stored.totalEpisodes > entries.length) {
    throw new DatasetError({
      what: 'episodes are missing',
      where: join(root, INFO_PATH),
      found: `${entries.length} episodes in the data files`,
      expected: `total_episodes ${stored.totalEpisodes}`,
      remedy: 'restore the data files, or accept what is left with: modewise data repair DIR',
    });
  }
  return {
    stored,
    entries,
    listed,
    dataFiles: data.files,
    episodeFiles: episodeFiles.files,
    superseded,
    temporary: [...data.temporary, ...episodeFiles.temporary],
  };
}

/**
 * Puts rows in episode order and works out the frame positions.
 *
 * @throws DatasetError when the indices have a gap.
 */
export function orderEpisodes(root: string, rows: ReadonlyMap<number, EpisodeRow>): EpisodeEntry[] {
  const entries: EpisodeEntry[] = [];
  let firstFrame = 0;
  let rowStart = 0;
  for (let index = 0; index < rows.size; index++) {
    const row = rows.get(index);
    if (row === undefined) {
      throw new DatasetError({
        what: 'the episode indices have a gap',
        where: root,
        found: `${rows.size} episodes, none of them with index ${index}`,
        expected: `episodes 0 to ${rows.size - 1}`,
        remedy:
          'restore the missing data file, or copy the others with: modewise data repair DIR --salvage NEW',
      });
    }
    const before = entries.at(-1);
    if (before === undefined || comparePositions(before.position, row.position) !== 0) rowStart = 0;
    entries.push({ ...row, firstFrame, rowStart });
    firstFrame += row.facts.length;
    rowStart += row.facts.length;
  }
  return entries;
}

function missingFile(root: string, path: string, episode: number): DatasetError {
  return new DatasetError({
    what: 'a data file is missing',
    where: join(root, path),
    found: 'nothing',
    expected: `the frames of episode ${episode}`,
    remedy:
      'restore it from a copy, or copy the intact episodes with: modewise data repair DIR --salvage NEW',
  });
}

function unlistedFile(path: string): DatasetError {
  return new DatasetError({
    what: 'a data file does not say which episodes it holds: modewise did not write it',
    where: path,
    expected: 'a file that meta/episodes lists',
    remedy: 'finish or repair the recording with the program that wrote it, or remove the file',
  });
}
