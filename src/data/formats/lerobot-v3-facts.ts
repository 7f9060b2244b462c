import { createHash } from 'node:crypto';
import { DatasetError } from '../../errors.ts';
import type { DatasetInfo } from '../dataset.ts';
import type { Episode, Provenance } from '../episode.ts';

/** Version of what modewise adds to LeRobot's format. */
export const FORMAT_VERSION = 1;

/** What is known of one episode beside its columns. */
export interface EpisodeFacts extends Omit<Episode, 'columns'> {
  /** Position in the dataset, from 0. */
  readonly index: number;
  /** Fingerprint of the columns; null in datasets of other writers. */
  readonly contentHash: string | null;
}

/** What a data file says of itself in its key-value metadata, enough to rebuild everything in `meta/`. */
export interface FileFacts {
  readonly version: number;
  readonly dataset: DatasetInfo;
  readonly episodes: readonly EpisodeFacts[];
}

/** Key of the parquet metadata that holds the file facts. */
export const FACTS_KEY = 'modewise';

/** Fingerprints an episode's columns: SHA-256 over their names and little-endian float32 bytes, 16 hex digits. */
export function contentHashOf(columns: Readonly<Record<string, Float32Array>>): string {
  const hash = createHash('sha256');
  for (const name of Object.keys(columns).sort()) {
    const values = columns[name]!;
    hash.update(name).update(new Uint8Array(values.buffer, values.byteOffset, values.byteLength));
  }
  return hash.digest('hex').slice(0, 16);
}

/** Takes an episode's facts at the position it is going to have. */
export function factsOf(episode: Episode, index: number): EpisodeFacts {
  const { length, seed, resetOptions, mode, success, finalStateHash, provenance, columns } = episode;
  const contentHash = contentHashOf(columns);
  return { index, length, seed, resetOptions, mode, success, finalStateHash, provenance, contentHash };
}

/** Puts facts and columns together. */
export function episodeOf(facts: EpisodeFacts, columns: Readonly<Record<string, Float32Array>>): Episode {
  const { length, seed, resetOptions, mode, success, finalStateHash, provenance } = facts;
  return { length, columns, seed, resetOptions, mode, success, finalStateHash, provenance };
}

/** What can be said of an episode that another program recorded. */
export const FOREIGN_PROVENANCE: Provenance = { source: 'imported', author: 'unknown', settings: {} };

/**
 * Decodes the facts of a data file.
 *
 * @throws DatasetError when they are no JSON of a version that is known here.
 */
export function parseFileFacts(text: string, path: string): FileFacts {
  let facts: FileFacts;
  try {
    facts = JSON.parse(text) as FileFacts;
  } catch (cause) {
    throw new DatasetError({ what: 'the episode facts in a data file are no JSON', where: path }, { cause });
  }
  if (facts.version === FORMAT_VERSION && Array.isArray(facts.episodes)) return facts;
  throw new DatasetError({
    what: 'the episode facts in a data file are of another version',
    where: path,
    found: `version ${JSON.stringify(facts.version)}`,
    expected: `version ${FORMAT_VERSION}`,
    remedy: 'use the modewise that wrote the dataset, or a newer one',
  });
}
