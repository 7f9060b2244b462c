import { createHash } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import { z } from 'zod';
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

const fileFactsSchema = z.object({
  version: z.literal(FORMAT_VERSION),
  dataset: z.object({
    envId: z.string(),
    modes: z.array(z.string()),
    fps: z.number().positive(),
    columns: z.record(z.string(), z.object({ width: z.int().positive(), names: z.array(z.string()) })),
    task: z.string().exactOptional(),
  }),
  episodes: z
    .array(
      z.object({
        index: z.int().nonnegative(),
        length: z.int().positive(),
        seed: z.int(),
        resetOptions: z.record(z.string(), z.unknown()),
        mode: z.int().nonnegative().nullable(),
        success: z.boolean(),
        finalStateHash: z.string(),
        provenance: z.object({
          source: z.enum(['scripted', 'teleoperated', 'rollout', 'imported']),
          author: z.string(),
          settings: z.record(z.string(), z.unknown()),
        }),
        contentHash: z.string().nullable(),
      }),
    )
    .min(1),
});

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
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (cause) {
    throw new DatasetError({ what: 'the episode facts in a data file are no JSON', where: path }, { cause });
  }
  const result = fileFactsSchema.safeParse(json);
  if (result.success) return result.data;
  const { path: key, message } = result.error.issues[0]!;
  throw new DatasetError({
    what: 'the episode facts in a data file are not usable',
    where: `${path}, metadata key ${FACTS_KEY}, at ${key.join('.') || '(the whole)'}`,
    found: message,
    expected: `facts of format version ${FORMAT_VERSION}`,
    remedy: 'use the modewise that wrote the dataset, or a newer one',
  });
}

/** Names the first fact in which two accounts of an episode differ, or null. */
export function factsDifference(a: EpisodeFacts, b: EpisodeFacts): keyof EpisodeFacts | null {
  const keys = Object.keys(b) as (keyof EpisodeFacts)[];
  return keys.find((key) => !isDeepStrictEqual(a[key], b[key])) ?? null;
}
