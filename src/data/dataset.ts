import type { Episode } from './episode.ts';

/** Name, width and component names of one column. */
export interface ColumnSpec {
  readonly width: number;
  readonly names: readonly string[];
}

/** What all episodes of a dataset share. */
export interface DatasetInfo {
  /** Id of the environment the episodes were recorded in, e.g. `Avoiding-v0`. */
  readonly envId: string;
  /** Names of the environment's modes, in mode order. */
  readonly modes: readonly string[];
  /** Control steps per second. */
  readonly fps: number;
  readonly columns: Readonly<Record<string, ColumnSpec>>;
  /** What to do, in words, as LeRobot's `task`; the environment id when absent. */
  readonly task?: string;
}

/** An ordered set of episodes on disk, opened lazily and appended to durably. */
export interface Dataset extends AsyncIterable<Episode> {
  readonly path: string;
  readonly info: DatasetInfo;
  /** Number of episodes. */
  readonly length: number;
  /** Reads one episode. @throws RangeError outside 0 .. length-1; DatasetError when its file is damaged. */
  episode(index: number): Promise<Episode>;
  /** Adds an episode; it is on disk, synced and readable by others when the promise resolves. */
  append(episode: Episode): Promise<void>;
  /** Compacts what was appended and releases the dataset; may be called twice. */
  close(): Promise<void>;
}
