import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { DatasetError } from '../../errors.ts';
import type { ColumnSpec, DatasetInfo } from '../dataset.ts';
import { FORMAT_VERSION } from './lerobot-v3-facts.ts';
import { AUTOMATIC_FEATURES, featuresOf } from './lerobot-v3-features.ts';
import { CHUNK_SIZE, DATA_FILE_MEGABYTES, INFO_PATH, MODEWISE_PATH } from './lerobot-v3-layout.ts';
import { encodeParquet } from './parquet.ts';

const infoSchema = z.object({
  codebase_version: z.literal('v3.0'),
  fps: z.number().positive(),
  total_episodes: z.int().nonnegative(),
  total_frames: z.int().nonnegative(),
  robot_type: z.string().nullish(),
  features: z.record(
    z.string(),
    z.object({
      dtype: z.string(),
      shape: z.array(z.int().positive()),
      // LeRobot allows nested names, such as {"motors": [...]}.
      names: z.unknown().optional(),
    }),
  ),
});

const modewiseSchema = z.object({
  format_version: z.literal(FORMAT_VERSION),
  env_id: z.string(),
  modes: z.array(z.string()),
  task: z.string(),
});

/** What `info.json` and `modewise.json` say of a dataset. */
export interface StoredInfo {
  readonly info: DatasetInfo;
  readonly totalEpisodes: number;
  readonly totalFrames: number;
  /** False when another program wrote the dataset: it has no `meta/modewise.json`. */
  readonly ours: boolean;
}

/** The task text that a dataset stands under in LeRobot. */
export function taskOf(info: DatasetInfo): string {
  return info.task ?? info.envId;
}

/** Writes `meta/info.json`. */
export function encodeInfo(info: DatasetInfo, totalEpisodes: number, totalFrames: number): string {
  const content = {
    codebase_version: 'v3.0',
    robot_type: null,
    total_episodes: totalEpisodes,
    total_frames: totalFrames,
    total_tasks: 1,
    chunks_size: CHUNK_SIZE,
    data_files_size_in_mb: DATA_FILE_MEGABYTES,
    video_files_size_in_mb: 200,
    fps: info.fps,
    splits: { train: `0:${totalEpisodes}` },
    data_path: 'data/chunk-{chunk_index:03d}/file-{file_index:03d}.parquet',
    video_path: null,
    features: featuresOf(info.columns),
  };
  return `${JSON.stringify(content, null, 4)}\n`;
}

/** Writes `meta/modewise.json`. */
export function encodeModewise(info: DatasetInfo): string {
  const content = {
    format_version: FORMAT_VERSION,
    env_id: info.envId,
    modes: info.modes,
    task: taskOf(info),
  };
  return `${JSON.stringify(content, null, 4)}\n`;
}

/** Writes `meta/tasks.parquet`: what pandas writes for one integer column with the text as index. */
export function encodeTasks(info: DatasetInfo): Uint8Array {
  const pandas = {
    index_columns: ['task'],
    column_indexes: [
      {
        name: null,
        field_name: null,
        pandas_type: 'unicode',
        numpy_type: 'object',
        metadata: { encoding: 'UTF-8' },
      },
    ],
    columns: [
      {
        name: 'task_index',
        field_name: 'task_index',
        pandas_type: 'int64',
        numpy_type: 'int64',
        metadata: null,
      },
      { name: 'task', field_name: 'task', pandas_type: 'unicode', numpy_type: 'object', metadata: null },
    ],
    attributes: {},
    creator: { library: 'modewise', version: '1' },
    pandas_version: '2.3.3',
  };
  return encodeParquet(
    [
      [
        { name: 'task_index', type: 'int64', list: false, values: [0n] },
        { name: 'task', type: 'string', list: false, values: [taskOf(info)] },
      ],
    ],
    () => ({ pandas: JSON.stringify(pandas) }),
  );
}

function readJson(path: string): unknown {
  try {
    return JSON.parse(readFileSync(path, 'utf8'));
  } catch (cause) {
    throw new DatasetError(
      {
        what: 'a metadata file is no JSON',
        where: path,
        found: cause instanceof Error ? cause.message : String(cause),
        remedy: 'rebuild it from the data files with: modewise data repair DIR',
      },
      { cause },
    );
  }
}

function check<T>(schema: z.ZodType<T>, value: unknown, path: string): T {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const issue = result.error.issues[0]!;
  throw new DatasetError({
    what: 'a metadata file does not say what it should',
    where: `${path}, key ${issue.path.join('.') || '(the whole)'}`,
    found: issue.message,
    remedy: 'rebuild it from the data files with: modewise data repair DIR',
  });
}

/** Says which other kind of dataset a folder holds, or null. */
function foreignVersion(value: unknown): string | null {
  const version = (value as { codebase_version?: unknown } | null)?.codebase_version;
  return typeof version === 'string' && version !== 'v3.0' ? version : null;
}

/**
 * Reads what a dataset says of itself.
 *
 * @throws DatasetError when `info.json` or `modewise.json` is damaged, or of a version not read here.
 */
export function readInfo(root: string): StoredInfo {
  const path = join(root, INFO_PATH);
  const raw = readJson(path);
  const foreign = foreignVersion(raw);
  if (foreign !== null) {
    throw new DatasetError({
      what: `the folder holds a LeRobotDataset of version ${foreign}, which is not read here`,
      where: path,
      found: `codebase_version ${foreign}`,
      expected: 'codebase_version v3.0',
      remedy: 'convert it first with LeRobot: lerobot.datasets.v30.convert_dataset_v21_to_v30',
    });
  }
  const stored = check(infoSchema, raw, path);
  const ours = existsSync(join(root, MODEWISE_PATH));
  const facts = ours
    ? check(modewiseSchema, readJson(join(root, MODEWISE_PATH)), join(root, MODEWISE_PATH))
    : { env_id: stored.robot_type ?? 'unknown', modes: [], task: null };
  const columns: Record<string, ColumnSpec> = {};
  for (const [name, { dtype, shape, names }] of Object.entries(stored.features)) {
    if (Object.hasOwn(AUTOMATIC_FEATURES, name) || shape.length !== 1) continue;
    if (!/^(float|int|uint|bool)/.test(dtype)) continue;
    columns[name] = { width: shape[0]!, names: Array.isArray(names) ? names.map(String) : [] };
  }
  const { env_id: envId, modes, task } = facts;
  return {
    info: { envId, modes, fps: stored.fps, columns, ...(task === null ? {} : { task }) },
    totalEpisodes: stored.total_episodes,
    totalFrames: stored.total_frames,
    ours,
  };
}
