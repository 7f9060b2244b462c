import { statSync } from 'node:fs';
import { join } from 'node:path';
import { removeDatasetFile, writeDatasetFile } from './dataset-file.ts';
import { cutEpisode, decodeDataFile, type EpisodeFrames, encodeDataFile } from './lerobot-v3-data-file.ts';
import {
  decodeEpisodeStats,
  type EpisodeRowWithStats,
  encodeEpisodesFile,
} from './lerobot-v3-episodes-file.ts';
import { AUTOMATIC_FEATURES } from './lerobot-v3-features.ts';
import type { DatasetIndex, EpisodeEntry } from './lerobot-v3-index.ts';
import { encodeInfo, encodeModewise, encodeTasks, taskOf } from './lerobot-v3-info.ts';
import {
  chunkedPath,
  comparePositions,
  DATA_FILE_MEGABYTES,
  DATA_FOLDER,
  EPISODES_FOLDER,
  type FilePosition,
  INFO_PATH,
  MODEWISE_PATH,
  nextPosition,
  STATS_PATH,
  TASKS_PATH,
} from './lerobot-v3-layout.ts';
import { aggregateStats, featureStats, type StatsByFeature } from './lerobot-v3-stats.ts';
import { readParquet } from './parquet.ts';

/** Episodes in one file of `meta/episodes`. */
const EPISODES_PER_TABLE = 10_000;

/** The episodes of one data file, and its size. */
interface SourceFile {
  readonly position: FilePosition;
  readonly bytes: number;
  readonly entries: readonly EpisodeEntry[];
  /** Whether `meta/episodes` lists it already. */
  readonly listed: boolean;
}

/**
 * Merges the small data files of a recording and writes LeRobot's tables.
 *
 * Safe against a crash at any point: merged data go over the first of the files that they replace, then come the
 * tables, and only then are the other files removed. Until that, every episode is in at least one file that
 * `readIndex` finds.
 *
 * @param index - state of the folder, as just read; the caller holds the lock.
 * @throws DatasetError when a file is damaged or cannot be written; every episode is still readable then.
 */
export async function compactDataset(root: string, index: DatasetIndex): Promise<void> {
  const { info } = index.stored;
  const groups = planGroups(sourceFiles(root, index));
  const rows: EpisodeRowWithStats[] = [];
  const kept = new Set<string>();
  for (const [target, sources] of groups) {
    kept.add(chunkedPath(DATA_FOLDER, target));
    rows.push(...(await mergeGroup(root, index, target, sources)));
  }
  const keptTables = writeTables(root, index, rows);
  for (const position of index.episodeFiles) {
    const path = chunkedPath(EPISODES_FOLDER, position);
    if (!keptTables.has(path)) removeDatasetFile(root, path);
  }
  writeDatasetFile(root, TASKS_PATH, encodeTasks(info));
  writeDatasetFile(root, MODEWISE_PATH, encodeModewise(info));
  const frames = rows.reduce((total, { facts }) => total + facts.length, 0);
  writeDatasetFile(root, INFO_PATH, encodeInfo(info, rows.length, frames));
  for (const position of index.dataFiles) {
    const path = chunkedPath(DATA_FOLDER, position);
    if (!kept.has(path)) removeDatasetFile(root, path);
  }
  for (const path of index.temporary) removeDatasetFile(root, path);
}

/** Groups the episodes by the data file that holds them. */
function sourceFiles(root: string, { entries, listed }: DatasetIndex): SourceFile[] {
  const files: { position: FilePosition; entries: EpisodeEntry[] }[] = [];
  for (const entry of entries) {
    const last = files.at(-1);
    if (last !== undefined && comparePositions(last.position, entry.position) === 0) last.entries.push(entry);
    else files.push({ position: entry.position, entries: [entry] });
  }
  return files.map((file) => ({
    ...file,
    bytes: statSync(join(root, chunkedPath(DATA_FOLDER, file.position))).size,
    listed: file.entries[0]!.facts.index < listed,
  }));
}

/**
 * Decides which files become one: what is listed stays as it is, but for the last listed file, to which new
 * episodes are added while it has room. So a file that the tables point to only ever grows at its end.
 */
function planGroups(sources: readonly SourceFile[]): [FilePosition, SourceFile[]][] {
  const limit = DATA_FILE_MEGABYTES * 1024 * 1024;
  const groups: { target: FilePosition; sources: SourceFile[]; bytes: number }[] = [];
  for (const source of sources) {
    const last = groups.at(-1);
    if (last !== undefined && !source.listed && last.bytes + source.bytes <= limit) {
      last.sources.push(source);
      last.bytes += source.bytes;
      continue;
    }
    const target = source.listed || last === undefined ? source.position : nextPosition(last.target);
    groups.push({ target, sources: [source], bytes: source.bytes });
  }
  return groups.map(({ target, sources: members }) => [target, members]);
}

/** Writes one merged data file, unless it is one file already, and returns the rows of its episodes. */
async function mergeGroup(
  root: string,
  index: DatasetIndex,
  target: FilePosition,
  sources: readonly SourceFile[],
): Promise<EpisodeRowWithStats[]> {
  const { info } = index.stored;
  const only = sources.length === 1 ? sources[0]! : null;
  const inPlace = only !== null && comparePositions(only.position, target) === 0;
  if (inPlace && only.listed) return listedRows(root, index, only);
  const frames: EpisodeFrames[] = [];
  for (const { position, entries } of sources) {
    const path = join(root, chunkedPath(DATA_FOLDER, position));
    const decoded = await decodeDataFile(readParquet(path), info);
    for (const { facts, rowStart, firstFrame } of entries) {
      frames.push({ facts, columns: cutEpisode(decoded, facts, rowStart, path), firstFrame });
    }
  }
  if (!inPlace) writeDatasetFile(root, chunkedPath(DATA_FOLDER, target), encodeDataFile(info, frames));
  return frames.map((episode) => ({
    facts: episode.facts,
    position: target,
    firstFrame: episode.firstFrame,
    stats: episodeStats(episode, index),
  }));
}

/** Takes the rows of an unchanged file from the tables that list it. */
async function listedRows(
  root: string,
  { stored, episodeFiles, entries: all }: DatasetIndex,
  { entries }: SourceFile,
): Promise<EpisodeRowWithStats[]> {
  const features = [...Object.keys(stored.info.columns), ...Object.keys(AUTOMATIC_FEATURES)];
  const stats: StatsByFeature[] = [];
  for (const position of episodeFiles) {
    stats.push(
      ...(await decodeEpisodeStats(
        readParquet(join(root, chunkedPath(EPISODES_FOLDER, position))),
        features,
      )),
    );
    if (stats.length >= all.length) break;
  }
  return entries.map((entry) => ({ ...entry, stats: stats[entry.facts.index]! }));
}

/** Measures one episode, LeRobot's automatic columns included. */
function episodeStats(
  { facts, columns, firstFrame }: EpisodeFrames,
  { stored }: DatasetIndex,
): StatsByFeature {
  const { info } = stored;
  const steps = Array.from({ length: facts.length }, (_, frame) => frame);
  const stats: Record<string, StatsByFeature[string]> = {};
  for (const [name, { width }] of Object.entries(info.columns))
    stats[name] = featureStats(columns[name]!, width);
  const automatic: Record<string, number[]> = {
    timestamp: steps.map((frame) => Math.fround(frame / info.fps)),
    frame_index: steps,
    episode_index: steps.map(() => facts.index),
    index: steps.map((frame) => firstFrame + frame),
    task_index: steps.map(() => 0),
  };
  for (const [name, values] of Object.entries(automatic)) stats[name] = featureStats(values, 1);
  return stats;
}

/** Writes `meta/episodes` and `meta/stats.json`; returns the paths of the tables. */
function writeTables(
  root: string,
  { stored }: DatasetIndex,
  rows: readonly EpisodeRowWithStats[],
): Set<string> {
  const paths = new Set<string>();
  let position: FilePosition = { chunk: 0, file: 0 };
  for (let start = 0; start < rows.length; start += EPISODES_PER_TABLE) {
    const part = rows.slice(start, start + EPISODES_PER_TABLE);
    const path = chunkedPath(EPISODES_FOLDER, position);
    writeDatasetFile(root, path, encodeEpisodesFile(stored.info, part, taskOf(stored.info), position));
    paths.add(path);
    position = nextPosition(position);
  }
  if (rows.length > 0) {
    const stats = aggregateStats(rows.map((row) => row.stats));
    writeDatasetFile(root, STATS_PATH, `${JSON.stringify(stats, null, 4)}\n`);
  }
  return paths;
}
