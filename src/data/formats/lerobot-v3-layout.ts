import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

/** Names of the files of a LeRobotDataset v3.0, relative to its folder. */
export const INFO_PATH = 'meta/info.json';
export const STATS_PATH = 'meta/stats.json';
export const TASKS_PATH = 'meta/tasks.parquet';
/** Ours, beside LeRobot's: what `info.json` has no field for. */
export const MODEWISE_PATH = 'meta/modewise.json';
export const DATA_FOLDER = 'data';
export const EPISODES_FOLDER = 'meta/episodes';

/** Most files in one chunk folder. */
export const CHUNK_SIZE = 1000;
/** Size in MB from which a data file takes no more episodes. */
export const DATA_FILE_MEGABYTES = 100;

/** Where one file stands in the chunked layout. */
export interface FilePosition {
  readonly chunk: number;
  readonly file: number;
}

/** Names the file at a position, e.g. `data/chunk-000/file-012.parquet`. */
export function chunkedPath(folder: string, { chunk, file }: FilePosition): string {
  const pad = (number: number) => String(number).padStart(3, '0');
  return `${folder}/chunk-${pad(chunk)}/file-${pad(file)}.parquet`;
}

/** Counts on to the next file, and to the next chunk when this one is full. */
export function nextPosition({ chunk, file }: FilePosition): FilePosition {
  return file + 1 < CHUNK_SIZE ? { chunk, file: file + 1 } : { chunk: chunk + 1, file: 0 };
}

/** Orders positions as the episodes in them are ordered. */
export function comparePositions(a: FilePosition, b: FilePosition): number {
  return a.chunk - b.chunk || a.file - b.file;
}

/** What lies in a chunked folder. */
export interface ChunkedListing {
  /** The parquet files, in order. */
  readonly files: readonly FilePosition[];
  /** Paths, relative to the dataset, of temporary files that an interrupted writer left. */
  readonly temporary: readonly string[];
}

/** Lists the parquet files in `root/folder/chunk-*`; an absent folder holds none. */
export function listChunked(root: string, folder: string): ChunkedListing {
  const files: FilePosition[] = [];
  const temporary: string[] = [];
  if (!existsSync(join(root, folder))) return { files, temporary };
  for (const chunkName of readdirSync(join(root, folder))) {
    const chunk = /^chunk-(\d{3,})$/.exec(chunkName);
    if (chunk === null) continue;
    for (const name of readdirSync(join(root, folder, chunkName))) {
      const file = /^file-(\d{3,})\.parquet(\.tmp-\d+)?$/.exec(name);
      if (file === null) continue;
      if (file[2] === undefined) files.push({ chunk: Number(chunk[1]), file: Number(file[1]) });
      else temporary.push(`${folder}/${chunkName}/${name}`);
    }
  }
  return { files: files.sort(comparePositions), temporary };
}
