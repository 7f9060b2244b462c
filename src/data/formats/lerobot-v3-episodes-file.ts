import { DatasetError } from '../../errors.ts';
import type { DatasetInfo } from '../dataset.ts';
import type { Provenance } from '../episode.ts';
import { type EpisodeFacts, FOREIGN_PROVENANCE } from './lerobot-v3-facts.ts';
import { AUTOMATIC_FEATURES } from './lerobot-v3-features.ts';
import type { FilePosition } from './lerobot-v3-layout.ts';
import { type FeatureStats, STATISTICS, type StatsByFeature } from './lerobot-v3-stats.ts';
import { encodeParquet, type ParquetColumn, type ParquetFile, readRows, type ValueType } from './parquet.ts';

/** One row of `meta/episodes`. */
export interface EpisodeRow {
  readonly facts: EpisodeFacts;
  /** The data file that holds it. */
  readonly position: FilePosition;
  /** Position of its first frame in the dataset. */
  readonly firstFrame: number;
}

/** A row with the statistics of the episode. */
export interface EpisodeRowWithStats extends EpisodeRow {
  readonly stats: StatsByFeature;
}

const REQUIRED_COLUMNS = [
  'episode_index',
  'length',
  'data/chunk_index',
  'data/file_index',
  'dataset_from_index',
  'dataset_to_index',
] as const;

/** Our columns in `meta/episodes`; LeRobot keeps and ignores columns that it does not know. */
const OUR_COLUMNS = [
  'modewise/mode',
  'modewise/mode_name',
  'modewise/seed',
  'modewise/success',
  'modewise/reset_options',
  'modewise/final_state_hash',
  'modewise/content_hash',
  'modewise/provenance',
] as const;

/** Encodes rows, in order, as one file of `meta/episodes`. */
export function encodeEpisodesFile(
  info: DatasetInfo,
  rows: readonly EpisodeRowWithStats[],
  task: string,
  position: FilePosition,
): Uint8Array {
  const columns: ParquetColumn[] = [];
  const add = (name: string, type: ValueType, value: (row: EpisodeRowWithStats) => unknown, list = false) =>
    columns.push({ name, type, list, values: rows.map(value) });
  const addInteger = (name: string, value: (row: EpisodeRowWithStats) => number) =>
    add(name, 'int64', (row) => BigInt(value(row)));
  addInteger('episode_index', ({ facts }) => facts.index);
  add('tasks', 'string', () => [task], true);
  addInteger('length', ({ facts }) => facts.length);
  addInteger('data/chunk_index', (row) => row.position.chunk);
  addInteger('data/file_index', (row) => row.position.file);
  addInteger('dataset_from_index', ({ firstFrame }) => firstFrame);
  addInteger('dataset_to_index', ({ firstFrame, facts }) => firstFrame + facts.length);
  for (const feature of [...Object.keys(info.columns), ...Object.keys(AUTOMATIC_FEATURES)]) {
    for (const name of STATISTICS) {
      if (name === 'count') {
        add(`stats/${feature}/count`, 'int64', ({ stats }) => stats[feature]!.count.map(BigInt), true);
      } else add(`stats/${feature}/${name}`, 'double', ({ stats }) => [...stats[feature]![name]], true);
    }
  }
  add('modewise/mode', 'int64', ({ facts }) => (facts.mode === null ? null : BigInt(facts.mode)));
  add('modewise/mode_name', 'string', ({ facts }) =>
    facts.mode === null ? null : (info.modes[facts.mode] ?? null),
  );
  addInteger('modewise/seed', ({ facts }) => facts.seed);
  add('modewise/success', 'bool', ({ facts }) => facts.success);
  add('modewise/reset_options', 'string', ({ facts }) => JSON.stringify(facts.resetOptions));
  add('modewise/final_state_hash', 'string', ({ facts }) => facts.finalStateHash);
  add('modewise/content_hash', 'string', ({ facts }) => facts.contentHash);
  add('modewise/provenance', 'string', ({ facts }) => JSON.stringify(facts.provenance));
  addInteger('meta/episodes/chunk_index', () => position.chunk);
  addInteger('meta/episodes/file_index', () => position.file);
  return encodeParquet([columns]);
}

/**
 * Decodes the rows of one file of `meta/episodes`, without the statistics.
 *
 * @throws DatasetError when a column that every v3.0 dataset has is missing, or a value is unusable.
 */
export async function decodeEpisodesFile(file: ParquetFile): Promise<EpisodeRow[]> {
  const ours = OUR_COLUMNS.filter((name) => file.columns.includes(name));
  const rows = await readRows(file, [...REQUIRED_COLUMNS, ...ours]);
  return rows.map((row, at) => {
    const integer = (name: string): number => {
      const value = row[name];
      if (typeof value !== 'bigint' || value < 0n) throw wrongValue(file, at, name, value, 'a whole number');
      return Number(value);
    };
    const json = (name: string, absent: unknown): unknown => {
      const value = row[name];
      if (value === undefined || value === null) return absent;
      try {
        return JSON.parse(String(value));
      } catch {
        throw wrongValue(file, at, name, value, 'JSON');
      }
    };
    const length = integer('length');
    const firstFrame = integer('dataset_from_index');
    if (length === 0 || integer('dataset_to_index') !== firstFrame + length) {
      const found = `${firstFrame} to ${row.dataset_to_index} for ${length} frames`;
      throw wrongValue(file, at, 'dataset_to_index', found, 'dataset_from_index + length, above it');
    }
    const mode = row['modewise/mode'] ?? null;
    return {
      facts: {
        index: integer('episode_index'),
        length,
        seed: Number(row['modewise/seed'] ?? -1),
        resetOptions: json('modewise/reset_options', {}) as EpisodeFacts['resetOptions'],
        mode: mode === null ? null : Number(mode),
        success: row['modewise/success'] === true,
        finalStateHash: String(row['modewise/final_state_hash'] ?? ''),
        provenance: json('modewise/provenance', FOREIGN_PROVENANCE) as Provenance,
        contentHash: (row['modewise/content_hash'] ?? null) as string | null,
      },
      position: { chunk: integer('data/chunk_index'), file: integer('data/file_index') },
      firstFrame,
    };
  });
}

/** Decodes the statistics of the episodes of one file of `meta/episodes`, in row order. */
export async function decodeEpisodeStats(
  file: ParquetFile,
  features: readonly string[],
): Promise<StatsByFeature[]> {
  const columns = features.flatMap((feature) => STATISTICS.map((name) => `stats/${feature}/${name}`));
  const rows = await readRows(file, columns);
  return rows.map((row) =>
    Object.fromEntries(
      features.map((feature) => [
        feature,
        Object.fromEntries(
          STATISTICS.map((name) => [
            name,
            Array.from(row[`stats/${feature}/${name}`] as ArrayLike<unknown>, Number),
          ]),
        ) as unknown as FeatureStats,
      ]),
    ),
  );
}

function wrongValue(
  file: ParquetFile,
  row: number,
  name: string,
  value: unknown,
  expected: string,
): DatasetError {
  return new DatasetError({
    what: `the episode table is damaged: '${name}' is not usable`,
    where: `${file.path}, row ${row}`,
    found: String(value),
    expected,
    remedy: 'rebuild it from the data files with: modewise data repair DIR',
  });
}
