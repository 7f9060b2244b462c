import { join } from 'node:path';
import { DatasetError } from '../../errors.ts';
import { FolderLock } from '../../folder-lock.ts';
import type { Dataset, DatasetInfo } from '../dataset.ts';
import type { Episode } from '../episode.ts';
import { writeDatasetFile } from './dataset-file.ts';
import { checkEpisode } from './episode-check.ts';
import { compactDataset } from './lerobot-v3-compact.ts';
import { cutEpisode, type DecodedFrames, decodeDataFile, encodeDataFile } from './lerobot-v3-data-file.ts';
import { episodeOf, factsOf } from './lerobot-v3-facts.ts';
import { type DatasetIndex, type EpisodeEntry, readIndex } from './lerobot-v3-index.ts';
import { encodeInfo, encodeModewise, encodeTasks } from './lerobot-v3-info.ts';
import {
  chunkedPath,
  DATA_FOLDER,
  type FilePosition,
  INFO_PATH,
  MODEWISE_PATH,
  nextPosition,
  TASKS_PATH,
} from './lerobot-v3-layout.ts';
import { readParquet } from './parquet.ts';

/**
 * A LeRobotDataset v3.0 folder.
 *
 * While recording, each episode is one closed data file that carries its own facts, so it is durable with one
 * rename; `close` merges these files and writes LeRobot's tables.
 */
export class LeRobotV3Dataset implements Dataset {
  readonly path: string;
  readonly info: DatasetInfo;
  /** False when another program wrote the dataset. */
  readonly #ours: boolean;
  #entries: EpisodeEntry[];
  /** Present while the dataset may be appended to. */
  #lock: FolderLock | null;
  #nextFile: FilePosition;
  /** Whether `close` has something to write. */
  #unfinished: boolean;
  #closed = false;
  /** The data file that was read last, decoded. */
  #decoded: { readonly path: string; readonly frames: DecodedFrames } | null = null;

  private constructor(root: string, index: DatasetIndex, lock: FolderLock | null) {
    const { stored, entries, listed, dataFiles, superseded, temporary } = index;
    this.path = root;
    this.info = stored.info;
    this.#ours = stored.ours;
    this.#entries = [...entries];
    this.#lock = lock;
    const last = dataFiles.at(-1);
    this.#nextFile = last === undefined ? { chunk: 0, file: 0 } : nextPosition(last);
    const leftovers = superseded.length + temporary.length;
    this.#unfinished = listed < entries.length || stored.totalEpisodes < entries.length || leftovers > 0;
  }

  /** Writes the metadata of an empty dataset into a folder that is new or empty, and opens it to be appended to. */
  static async create(root: string, info: DatasetInfo): Promise<LeRobotV3Dataset> {
    writeDatasetFile(root, TASKS_PATH, encodeTasks(info));
    writeDatasetFile(root, MODEWISE_PATH, encodeModewise(info));
    writeDatasetFile(root, INFO_PATH, encodeInfo(info, 0, 0));
    return LeRobotV3Dataset.open(root, 'append');
  }

  /** Opens an existing folder. See `openDataset`. */
  static async open(root: string, access: 'read' | 'append'): Promise<LeRobotV3Dataset> {
    if (access === 'read') return new LeRobotV3Dataset(root, await readIndex(root), null);
    // Looked at before anything is written: a foreign folder is not to be touched, not even by a lock.
    const { stored } = await readIndex(root);
    if (!stored.ours) {
      throw new DatasetError({
        what: 'another program wrote this dataset; it can be read, but not added to',
        where: root,
        found: `no ${MODEWISE_PATH}`,
        remedy: 'record into a new folder',
      });
    }
    const lock = FolderLock.take(root, { what: 'dataset', error: DatasetError });
    try {
      return new LeRobotV3Dataset(root, await readIndex(root), lock);
    } catch (error) {
      lock.release();
      throw error;
    }
  }

  get length(): number {
    return this.#entries.length;
  }

  async episode(index: number): Promise<Episode> {
    const entry = Number.isInteger(index) ? this.#entries[index] : undefined;
    if (entry === undefined) {
      throw new RangeError(`there is no episode ${index}: ${this.path} holds ${this.length}, counted from 0`);
    }
    try {
      return await this.#read(entry);
    } catch (error) {
      // Another process may have compacted the dataset since it was opened here.
      if (this.#lock !== null) throw error;
      const { entries } = await readIndex(this.path);
      const moved = entries[index];
      if (moved === undefined) throw error;
      this.#entries = [...entries];
      this.#decoded = null;
      return this.#read(moved);
    }
  }

  async *[Symbol.asyncIterator](): AsyncIterator<Episode> {
    for (let index = 0; index < this.length; index++) yield await this.episode(index);
  }

  async append(episode: Episode): Promise<void> {
    if (this.#lock === null) {
      throw new DatasetError({
        what: this.#closed ? 'the dataset is closed' : 'the dataset was opened for reading only',
        where: this.path,
        remedy: "open it with {access: 'append'}",
      });
    }
    checkEpisode(episode, this.info);
    const before = this.#entries.at(-1);
    const firstFrame = before === undefined ? 0 : before.firstFrame + before.facts.length;
    const facts = factsOf(episode, this.length);
    const position = this.#nextFile;
    const content = encodeDataFile(this.info, [{ facts, columns: episode.columns, firstFrame }]);
    writeDatasetFile(this.path, chunkedPath(DATA_FOLDER, position), content);
    this.#entries.push({ facts, position, firstFrame, rowStart: 0 });
    this.#nextFile = nextPosition(position);
    this.#unfinished = true;
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    const lock = this.#lock;
    this.#lock = null;
    this.#decoded = null;
    if (lock === null) return;
    try {
      if (this.#unfinished) await compactDataset(this.path, await readIndex(this.path));
    } finally {
      lock.release();
    }
  }

  async #read({ facts, position, rowStart }: EpisodeEntry): Promise<Episode> {
    const path = join(this.path, chunkedPath(DATA_FOLDER, position));
    if (this.#decoded?.path !== path) {
      this.#decoded = { path, frames: await decodeDataFile(readParquet(path), this.info) };
    }
    const columns = cutEpisode(this.#decoded.frames, facts, rowStart, path);
    // Other writers record success as a column only.
    const success = this.#ours ? facts.success : columns['next.success']?.at(-1) === 1;
    return episodeOf({ ...facts, success }, columns);
  }
}
