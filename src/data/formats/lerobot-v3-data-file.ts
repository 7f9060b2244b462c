import { DatasetError } from '../../errors.ts';
import type { DatasetInfo } from '../dataset.ts';
import { contentHashOf, type EpisodeFacts, FACTS_KEY, FORMAT_VERSION } from './lerobot-v3-facts.ts';
import { featuresOf, huggingFaceMetadata, isBooleanColumn } from './lerobot-v3-features.ts';
import { encodeParquet, type ParquetColumn, type ParquetFile, readRows } from './parquet.ts';

/** An episode on its way into a data file. */
export interface EpisodeFrames {
  readonly facts: EpisodeFacts;
  readonly columns: Readonly<Record<string, Float32Array>>;
  /** Position of its first frame in the dataset. */
  readonly firstFrame: number;
}

/** Rows from which a row group is closed: large enough to read fast, small enough to hold in memory. */
const ROW_GROUP_ROWS = 20_000;

/** Lays out some episodes as the columns of one row group. */
function rowGroup(info: DatasetInfo, episodes: readonly EpisodeFrames[]): ParquetColumn[] {
  const columns = Object.entries(info.columns).map(([name, { width }]): ParquetColumn => {
    const values: unknown[] = [];
    for (const episode of episodes) {
      const source = episode.columns[name]!;
      if (isBooleanColumn(name)) for (const value of source) values.push(value === 1);
      else if (width === 1) values.push(...source);
      else
        for (let at = 0; at < source.length; at += width) values.push([...source.subarray(at, at + width)]);
    }
    return { name, type: isBooleanColumn(name) ? 'bool' : 'float', list: width > 1, values };
  });
  const automatic = { timestamp: [], frame_index: [], episode_index: [], index: [], task_index: [] };
  const { timestamp, frame_index, episode_index, index, task_index }: Record<string, unknown[]> = automatic;
  for (const { facts, firstFrame } of episodes) {
    for (let frame = 0; frame < facts.length; frame++) {
      timestamp!.push(frame / info.fps);
      frame_index!.push(BigInt(frame));
      episode_index!.push(BigInt(facts.index));
      index!.push(BigInt(firstFrame + frame));
      task_index!.push(0n);
    }
  }
  for (const [name, values] of Object.entries(automatic)) {
    columns.push({ name, type: name === 'timestamp' ? 'float' : 'int64', list: false, values });
  }
  return columns;
}

/** Encodes episodes, in order, as one data file that also carries their facts. */
export function encodeDataFile(info: DatasetInfo, episodes: Iterable<EpisodeFrames>): Uint8Array {
  const facts: EpisodeFacts[] = [];
  const features = featuresOf(info.columns);
  function* groups(): Generator<ParquetColumn[]> {
    let waiting: EpisodeFrames[] = [];
    let rows = 0;
    for (const episode of episodes) {
      facts.push(episode.facts);
      waiting.push(episode);
      rows += episode.facts.length;
      if (rows < ROW_GROUP_ROWS) continue;
      yield rowGroup(info, waiting);
      waiting = [];
      rows = 0;
    }
    if (waiting.length > 0) yield rowGroup(info, waiting);
  }
  return encodeParquet(groups(), () => ({
    huggingface: huggingFaceMetadata(features),
    [FACTS_KEY]: JSON.stringify({ version: FORMAT_VERSION, dataset: info, episodes: facts }),
  }));
}

/** The columns of a data file as flat arrays, and which episode and frame each row belongs to. */
export interface DecodedFrames {
  readonly rows: number;
  readonly columns: Readonly<Record<string, Float32Array>>;
  readonly episodeIndex: Int32Array;
  readonly frameIndex: Int32Array;
}

/**
 * Decodes a data file.
 *
 * @throws DatasetError naming file, column and row where a value is missing, no number, not finite, or a
 *   vector of the wrong width.
 */
export async function decodeDataFile(file: ParquetFile, info: DatasetInfo): Promise<DecodedFrames> {
  const names = Object.keys(info.columns);
  const rows = await readRows(file, [...names, 'episode_index', 'frame_index']);
  const columns: Record<string, Float32Array> = {};
  for (const name of names) {
    const width = info.columns[name]!.width;
    const values = new Float32Array(rows.length * width);
    for (const [row, record] of rows.entries()) {
      const cell = record[name];
      const vector = Array.isArray(cell) || ArrayBuffer.isView(cell) ? (cell as ArrayLike<unknown>) : [cell];
      if (vector.length !== width) throw wrongCell(file, name, row, `${vector.length} numbers`, `${width}`);
      for (let d = 0; d < width; d++) {
        const value = toFloat32(vector[d]);
        if (!Number.isFinite(value)) {
          throw wrongCell(file, name, row, `${String(vector[d])} at position ${d}`, 'finite numbers');
        }
        values[row * width + d] = value;
      }
    }
    columns[name] = values;
  }
  return {
    rows: rows.length,
    columns,
    episodeIndex: Int32Array.from(rows, (record) => Number(record.episode_index)),
    frameIndex: Int32Array.from(rows, (record) => Number(record.frame_index)),
  };
}

/** Reads a number, big integer or boolean; everything else is not a number. */
function toFloat32(value: unknown): number {
  const isNumeric = typeof value === 'number' || typeof value === 'bigint' || typeof value === 'boolean';
  return isNumeric ? Math.fround(Number(value)) : Number.NaN;
}

function wrongCell(
  file: ParquetFile,
  column: string,
  row: number,
  found: string,
  expected: string,
): DatasetError {
  return new DatasetError({
    what: `a value of column '${column}' is not usable`,
    where: `${file.path}, row ${row}`,
    found,
    expected,
  });
}

/**
 * Copies one episode's columns out of a decoded file.
 *
 * @param rowStart - position of its first frame in the file.
 * @throws DatasetError when the rows there belong to another episode, or are not what was recorded.
 */
export function cutEpisode(
  frames: DecodedFrames,
  facts: EpisodeFacts,
  rowStart: number,
  path: string,
): Record<string, Float32Array> {
  const { index, length } = facts;
  for (let frame = 0; frame < length; frame++) {
    const row = rowStart + frame;
    if (frames.episodeIndex[row] === index && frames.frameIndex[row] === frame) continue;
    throw new DatasetError({
      what: 'a data file and the episode table disagree',
      where: `${path}, row ${row}`,
      found:
        row < frames.rows
          ? `frame ${frames.frameIndex[row]} of episode ${frames.episodeIndex[row]}`
          : `the end of the file, after ${frames.rows} rows`,
      expected: `frame ${frame} of episode ${index}`,
      remedy: 'rebuild the table from the data files with: modewise data repair DIR',
    });
  }
  const columns: Record<string, Float32Array> = {};
  for (const [name, values] of Object.entries(frames.columns)) {
    const width = values.length / frames.rows;
    columns[name] = values.slice(rowStart * width, (rowStart + length) * width);
  }
  const contentHash = contentHashOf(columns);
  if (facts.contentHash !== null && facts.contentHash !== contentHash) {
    throw new DatasetError({
      what: `the frames of episode ${index} are not those that were recorded`,
      where: path,
      found: `content hash ${contentHash}`,
      expected: `content hash ${facts.contentHash}`,
      remedy:
        'restore the file from a copy, or copy the intact episodes with: modewise data repair DIR --salvage NEW',
    });
  }
  return columns;
}
