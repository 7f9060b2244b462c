import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatasetError } from '../errors.ts';
import { factsDifference } from './formats/lerobot-v3-facts.ts';
import { AUTOMATIC_FEATURES } from './formats/lerobot-v3-features.ts';
import {
  type DatasetIndex,
  type EpisodeEntry,
  readIndex,
  rowsOfDataFile,
} from './formats/lerobot-v3-index.ts';
import { chunkedPath, DATA_FOLDER, INFO_PATH, STATS_PATH, TASKS_PATH } from './formats/lerobot-v3-layout.ts';
import { type ParquetFile, readParquet, readRows } from './formats/parquet.ts';
import { openDataset } from './store.ts';

/** What a check of a dataset found. */
export interface ValidationReport {
  readonly path: string;
  readonly valid: boolean;
  /** Whether the recording was closed; an unfinished one is valid, and `data repair` finishes it. */
  readonly finished: boolean;
  readonly episodes: number;
  readonly frames: number;
  /** What is wrong, in full sentences with place, found and expected. */
  readonly problems: readonly string[];
}

/** Largest difference in seconds that LeRobot tolerates between a timestamp and its place on the clock. */
const TIMESTAMP_TOLERANCE_SECONDS = 1e-4;

/**
 * Checks a whole dataset: every file, every value, and that metadata and data agree. Writes nothing.
 *
 * @returns the problems found; a damaged folder is a result here, not an exception.
 * @throws DatasetError only when there is no dataset at all.
 */
export async function validateDataset(path: string): Promise<ValidationReport> {
  const problems: string[] = [];
  const attempt = async (check: () => unknown) => {
    try {
      await check();
    } catch (error) {
      if (!(error instanceof DatasetError)) throw error;
      if (!problems.includes(error.message)) problems.push(error.message);
    }
  };
  if (!existsSync(join(path, INFO_PATH))) await readIndex(path);
  let index: DatasetIndex | null = null;
  await attempt(async () => {
    index = await readIndex(path);
  });
  if (index === null) return { path, valid: false, finished: false, episodes: 0, frames: 0, problems };
  const { entries, stored, listed } = index as DatasetIndex;
  const finished = listed === entries.length && stored.totalEpisodes === entries.length;
  const frames = entries.reduce((total, { facts }) => total + facts.length, 0);
  const dataset = await openDataset(path, { access: 'read' });
  for (let episode = 0; episode < dataset.length; episode++) await attempt(() => dataset.episode(episode));
  const byFile = new Map<string, EpisodeEntry[]>();
  for (const entry of entries) {
    const file = chunkedPath(DATA_FOLDER, entry.position);
    const members = byFile.get(file);
    if (members === undefined) byFile.set(file, [entry]);
    else members.push(entry);
  }
  for (const [file, members] of byFile) {
    await attempt(() => checkClock(readParquet(join(path, file)), members, stored.info.fps));
    if (stored.ours) await attempt(() => checkFacts(path, members));
  }
  if (finished && stored.totalFrames !== frames) {
    const where = `${join(path, INFO_PATH)}, key total_frames`;
    await attempt(() => disagree(where, String(stored.totalFrames), `${frames}, as in the data files`));
  }
  if (finished && entries.length > 0)
    await attempt(() => checkStats(path, frames, Object.keys(stored.info.columns)));
  await attempt(() => readRows(readParquet(join(path, TASKS_PATH)), ['task_index']));
  return { path, valid: problems.length === 0, finished, episodes: entries.length, frames, problems };
}

function disagree(where: string, found: string, expected: string): never {
  throw new DatasetError({
    what: 'metadata and data disagree',
    where,
    found,
    expected,
    remedy: 'rebuild the metadata from the data files with: modewise data repair DIR',
  });
}

/** Checks LeRobot's automatic columns of one data file. */
async function checkClock(file: ParquetFile, entries: readonly EpisodeEntry[], fps: number): Promise<void> {
  const rows = await readRows(file, Object.keys(AUTOMATIC_FEATURES));
  for (const { facts, rowStart, firstFrame } of entries) {
    for (let frame = 0; frame < facts.length; frame++) {
      const row = rows[rowStart + frame];
      const where = `${file.path}, row ${rowStart + frame}`;
      if (Number(row?.index) !== firstFrame + frame) {
        disagree(`${where}, column index`, String(row?.index), String(firstFrame + frame));
      }
      // float32 seconds lose digits in long episodes.
      const tolerance = Math.max(TIMESTAMP_TOLERANCE_SECONDS, (frame / fps) * 1e-6);
      if (Math.abs(Number(row?.timestamp) - frame / fps) <= tolerance) continue;
      disagree(
        `${where}, column timestamp`,
        String(row?.timestamp),
        `${frame / fps} s at ${fps} steps per second`,
      );
    }
  }
}

/** Checks that the episode table says the same of each episode as its data file. */
function checkFacts(root: string, entries: readonly EpisodeEntry[]): void {
  const own = new Map(
    rowsOfDataFile(root, entries[0]!.position).rows.map(({ facts }) => [facts.index, facts]),
  );
  for (const { facts, position } of entries) {
    const where = `${join(root, chunkedPath(DATA_FOLDER, position))}, episode ${facts.index}`;
    const inFile = own.get(facts.index);
    if (inFile === undefined)
      disagree(where, 'no facts of this episode', 'the facts that meta/episodes lists');
    const difference = factsDifference(facts, inFile);
    if (difference !== null) {
      const table = JSON.stringify(facts[difference]);
      const file = JSON.stringify(inFile[difference]);
      disagree(`${where}, ${difference}`, `${table} in meta/episodes`, `${file}, as in the data file`);
    }
  }
}

/** Checks that the statistics are there and were taken of as many frames as there are. */
function checkStats(root: string, frames: number, columns: readonly string[]): void {
  const where = join(root, STATS_PATH);
  let stats: Record<string, { count?: unknown } | undefined>;
  try {
    stats = JSON.parse(readFileSync(where, 'utf8')) as typeof stats;
  } catch (error) {
    disagree(where, error instanceof Error ? error.message : String(error), 'a JSON file of statistics');
  }
  for (const column of columns) {
    const count = stats[column]?.count;
    if (!Array.isArray(count) || count[0] !== frames) {
      disagree(`${where}, ${column}.count`, JSON.stringify(count) ?? 'nothing', `[${frames}]`);
    }
  }
}
