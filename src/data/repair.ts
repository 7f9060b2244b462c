import { join } from 'node:path';
import { DatasetError } from '../errors.ts';
import { FolderLock } from '../folder-lock.ts';
import type { DatasetInfo } from './dataset.ts';
import type { Episode } from './episode.ts';
import { removeDatasetFile } from './formats/dataset-file.ts';
import { compactDataset } from './formats/lerobot-v3-compact.ts';
import { cutEpisode, decodeDataFile } from './formats/lerobot-v3-data-file.ts';
import type { EpisodeRow } from './formats/lerobot-v3-episodes-file.ts';
import { episodeOf } from './formats/lerobot-v3-facts.ts';
import {
  addDataFiles,
  orderEpisodes,
  requireDatasetFolder,
  rowsOfDataFile,
} from './formats/lerobot-v3-index.ts';
import { chunkedPath, DATA_FOLDER, EPISODES_FOLDER, listChunked } from './formats/lerobot-v3-layout.ts';
import { readParquet } from './formats/parquet.ts';
import { createDataset, openDataset } from './store.ts';

/** What a repaired dataset holds. */
export interface RepairReport {
  readonly path: string;
  readonly episodes: number;
  readonly frames: number;
  /** Number of data files before and after. */
  readonly dataFiles: { readonly before: number; readonly after: number };
}

/** What could be copied out of a damaged dataset. */
export interface SalvageReport extends RepairReport {
  /** What was given up: a file or an episode, and why. */
  readonly lost: readonly { readonly where: string; readonly reason: string }[];
}

/**
 * Rebuilds everything in `meta/` from the data files, finishes an interrupted recording or compaction, and removes
 * what those left behind.
 *
 * @throws DatasetError when there is no dataset, a data file is damaged (nothing is changed then), another program
 *   wrote it, or another process writes to it.
 */
export async function repairDataset(path: string): Promise<RepairReport> {
  const { files, temporary } = listChunked(path, DATA_FOLDER);
  if (files.length === 0) {
    // Nothing was recorded yet: all there is to know is in meta/.
    const { length } = await openDataset(path, { access: 'read' });
    return { path, episodes: length, frames: 0, dataFiles: { before: 0, after: 0 } };
  }
  const rows = new Map<number, EpisodeRow>();
  const { info, superseded } = addDataFiles(path, files, rows);
  const entries = orderEpisodes(path, rows);
  const lock = FolderLock.take(path, { what: 'dataset', error: DatasetError });
  try {
    const tables = listChunked(path, EPISODES_FOLDER);
    // The data files tell everything, so a crash from here on finds no table that contradicts them.
    for (const position of tables.files) removeDatasetFile(path, chunkedPath(EPISODES_FOLDER, position));
    await compactDataset(path, {
      stored: { info: info!, totalEpisodes: 0, totalFrames: 0, ours: true },
      entries,
      listed: 0,
      dataFiles: files,
      episodeFiles: [],
      superseded,
      temporary: [...temporary, ...tables.temporary],
    });
  } finally {
    lock.release();
  }
  const frames = entries.reduce((total, { facts }) => total + facts.length, 0);
  const after = listChunked(path, DATA_FOLDER).files.length;
  return { path, episodes: entries.length, frames, dataFiles: { before: files.length, after } };
}

/**
 * Copies every episode that is intact into a new dataset and leaves the damaged one as it is. Episodes are numbered
 * anew, in their old order.
 *
 * @param out - a folder that does not exist, or is empty.
 * @throws OutputExistsError when `out` holds anything; DatasetError when nothing at all can be read.
 */
export async function salvageDataset(path: string, out: string): Promise<SalvageReport> {
  const { files } = listChunked(path, DATA_FOLDER);
  if (files.length === 0) requireDatasetFolder(path);
  const lost: { where: string; reason: string }[] = [];
  const giveUp = (where: string, error: unknown) => {
    if (!(error instanceof DatasetError)) throw error;
    const { what, found } = error.report;
    lost.push({ where, reason: found === undefined ? what : `${what} (${found})` });
  };
  const intact = new Map<number, Episode>();
  let info: DatasetInfo | null = null;
  for (const position of files) {
    const where = join(path, chunkedPath(DATA_FOLDER, position));
    try {
      const found = rowsOfDataFile(path, position);
      info ??= found.info;
      const decoded = await decodeDataFile(readParquet(where), found.info);
      let rowStart = 0;
      for (const { facts } of found.rows) {
        try {
          const columns = cutEpisode(decoded, facts, rowStart, where);
          if (!intact.has(facts.index)) intact.set(facts.index, episodeOf(facts, columns));
        } catch (error) {
          giveUp(`${where}, episode ${facts.index}`, error);
        }
        rowStart += facts.length;
      }
    } catch (error) {
      giveUp(where, error);
    }
  }
  if (info === null || intact.size === 0) {
    throw new DatasetError({
      what: 'nothing can be copied: no episode is intact',
      where: path,
      found: lost.map(({ where, reason }) => `${where}: ${reason}`).join('; ') || 'no data file',
    });
  }
  const dataset = await createDataset(out, info);
  let frames = 0;
  try {
    for (const [, episode] of [...intact].sort(([a], [b]) => a - b)) {
      await dataset.append(episode);
      frames += episode.length;
    }
  } finally {
    await dataset.close();
  }
  const after = listChunked(out, DATA_FOLDER).files.length;
  return { path: out, episodes: intact.size, frames, dataFiles: { before: files.length, after }, lost };
}
