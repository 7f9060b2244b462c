import { createHash } from 'node:crypto';
import { appendFileSync, existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { writeDurably } from '../durable-file.ts';
import { CheckpointError, OutputExistsError } from '../errors.ts';
import { decodeSafetensors, encodeSafetensors } from '../tensor/safetensors.ts';
import type { Checkpoint, Json, MetricsRow } from '../training/training-run.ts';
import { encodeEventFileStart, encodeScalars } from './event-log.ts';
import { makeAct } from './make-act.ts';
import type { Policy } from './policy.ts';
import type { SavedPolicy } from './saved-policy.ts';

/** The files of a run folder. */
export const runFiles = {
  /** Resolved configuration, versions, backend, seed and data, written before the first step. */
  record: 'run.json',
  /** One row of the training log a line. */
  metrics: 'metrics.jsonl',
  /** Beginning of the names of event files for TensorBoard; each stretch of a resumed training has one of its own. */
  events: 'events.out.tfevents.',
  /** All that a bit-equal resume needs. */
  checkpoint: 'checkpoint.safetensors',
  /** The policy's weights. */
  weights: 'policy.safetensors',
  /** The policy's normalizers, shapes and configuration, with the digest of its weights. */
  policy: 'policy.json',
} as const;

const recordSchema = z.looseObject({
  format: z.literal('modewise-run'),
  version: z.literal(1),
  method: z.string(),
  envId: z.string(),
  seed: z.number(),
  config: z.unknown(),
  backend: z.unknown(),
  versions: z.record(z.string(), z.string()),
  /** All that was learned from; the path is that of the new demonstrations where a run was extended. */
  dataset: z.looseObject({ path: z.string(), sha256: z.string(), episodes: z.int(), steps: z.int() }),
  /** The run that this one extends, the demonstrations it learned from, and their number. */
  extends: z.looseObject({ run: z.string(), datasets: z.array(z.string()), episodes: z.int() }).optional(),
});

/** What `run.json` holds. */
export type RunRecord = z.infer<typeof recordSchema>;

const policyFileSchema = z.looseObject({
  format: z.literal('modewise-policy'),
  version: z.literal(1),
  method: z.string(),
  envId: z.string(),
  observationSize: z.int().min(1),
  actionSize: z.int().min(1),
  config: z.unknown(),
  model: z.unknown(),
  diverged: z.string().optional(),
  weights: z.object({ file: z.literal(runFiles.weights), sha256: z.string() }),
});

/**
 * Makes sure that a new run does not mix with what a folder holds.
 *
 * @throws OutputExistsError when it is not empty.
 */
export function requireEmptyDirectory(directory: string): void {
  if (!existsSync(directory) || readdirSync(directory).length === 0) return;
  throw new OutputExistsError({
    what: 'The output folder is not empty',
    where: directory,
    remedy: 'choose another, continue it with --resume, or replace it with --force',
  });
}

/** Writes `run.json`. */
export function saveRunRecord(directory: string, record: Omit<RunRecord, 'format' | 'version'>): void {
  const whole = { format: 'modewise-run', version: 1, ...record };
  writeDurably(join(directory, runFiles.record), `${JSON.stringify(whole, null, 2)}\n`);
}

/** Reads `run.json`. @throws CheckpointError when it is missing, damaged, or of another version. */
export function loadRunRecord(directory: string): RunRecord {
  return readJson(join(directory, runFiles.record), recordSchema, 'a run folder of modewise');
}

/** Appends a row to `metrics.jsonl`. */
export function appendMetrics(directory: string, row: MetricsRow): void {
  appendFileSync(join(directory, runFiles.metrics), `${JSON.stringify(row)}\n`);
}

/**
 * Opens a log of the same rows for TensorBoard, in a new event file beside those of earlier stretches of the run.
 *
 * @param now - milliseconds since 1970.
 * @returns appends a row: every number becomes a scalar `phase/name` at the row's step, or its iteration.
 */
export function openEventLog(directory: string, now: () => number): (row: MetricsRow) => void {
  let path: string | undefined;
  return (row) => {
    const { phase, step, iteration, ...columns } = row;
    const at = [step, iteration].find((value) => typeof value === 'number') ?? 0;
    const time = { wallTime: now() / 1000, step: at };
    const scalars = Object.entries(columns).flatMap(([name, value]) =>
      typeof value === 'number' && Number.isFinite(value)
        ? [[`${phase ?? 'train'}/${name}`, value] as const]
        : [],
    );
    if (path === undefined) {
      const earlier = readdirSync(directory).filter((name) => name.startsWith(runFiles.events));
      path = join(directory, `${runFiles.events}${String(earlier.length + 1).padStart(4, '0')}.modewise`);
      appendFileSync(path, encodeEventFileStart(time));
    }
    if (scalars.length > 0) appendFileSync(path, encodeScalars(time, Object.fromEntries(scalars)));
  };
}

/** Writes the checkpoint of a training, replacing the one before. */
export function saveCheckpoint(directory: string, checkpoint: Checkpoint): void {
  const metadata = { format: 'modewise-checkpoint', version: '1', state: JSON.stringify(checkpoint.state) };
  writeDurably(join(directory, runFiles.checkpoint), encodeSafetensors(checkpoint.arrays, metadata));
}

/**
 * Reads the checkpoint of a training.
 *
 * @returns undefined when the run has none yet.
 * @throws CheckpointError when it is damaged or of another version.
 */
export function loadCheckpoint(directory: string): Checkpoint | undefined {
  const path = join(directory, runFiles.checkpoint);
  if (!existsSync(path)) return undefined;
  const { arrays, metadata } = decodeSafetensors(readFileSync(path), path);
  if (metadata.format !== 'modewise-checkpoint' || metadata.version !== '1' || metadata.state === undefined) {
    throw new CheckpointError({
      what: 'This is not a checkpoint that this version can continue',
      where: path,
      found: `${metadata.format ?? 'no format'}, version ${metadata.version ?? 'unknown'}`,
      expected: 'modewise-checkpoint, version 1',
      remedy: 'start the training anew with --force',
    });
  }
  return { arrays, state: JSON.parse(metadata.state) as { readonly [key: string]: Json } };
}

/** Writes a policy: its weights, then the JSON that names their digest, each whole or not at all. */
export function savePolicy(directory: string, saved: SavedPolicy): void {
  const { arrays, ...rest } = saved;
  const weights = encodeSafetensors(arrays, { format: 'modewise-policy', method: saved.method });
  const whole = {
    format: 'modewise-policy',
    version: 1,
    ...rest,
    weights: { file: runFiles.weights, sha256: sha256(weights) },
  };
  writeDurably(join(directory, runFiles.weights), weights);
  writeDurably(join(directory, runFiles.policy), `${JSON.stringify(whole, null, 2)}\n`);
}

/**
 * Reads a policy as plain data.
 *
 * @throws CheckpointError when a file is missing, damaged, foreign, of another version, or the two do not belong
 *   together.
 */
export function readPolicy(directory: string): SavedPolicy {
  const path = join(directory, runFiles.policy);
  const { weights, method, envId, observationSize, actionSize, config, model, diverged } = readJson(
    path,
    policyFileSchema,
    'a run folder with a trained policy',
  );
  const weightsPath = join(directory, weights.file);
  const bytes = readBytes(weightsPath, 'the weights of the policy');
  const { arrays } = decodeSafetensors(bytes, weightsPath);
  const digest = sha256(bytes);
  if (digest !== weights.sha256) {
    throw new CheckpointError({
      what: 'The weights are damaged or belong to another policy',
      where: weightsPath,
      found: `sha256 ${digest}`,
      expected: `sha256 ${weights.sha256}, as ${runFiles.policy} says`,
      remedy: 'copy both files again from their source, or train again',
    });
  }
  return {
    ...{ method, envId, observationSize, actionSize, config, model, arrays },
    ...(diverged !== undefined && { diverged }),
  };
}

/**
 * Loads the policy of a run, ready to act, without loading TensorFlow.js.
 *
 * @param overrides - settings of acting that replace the saved ones, e.g. `{ commitment: 'step' }`.
 * @throws CheckpointError when there is no policy, or it is damaged, foreign or of another version.
 * @throws ConfigError when an override is unknown, invalid, or no setting of acting.
 */
export async function loadPolicy(
  directory: string,
  overrides: Readonly<Record<string, unknown>> = {},
): Promise<Policy> {
  return makeAct(readPolicy(directory), overrides, join(directory, runFiles.policy));
}

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

function readBytes(path: string, expected: string): Uint8Array {
  try {
    return readFileSync(path);
  } catch (cause) {
    throw new CheckpointError(
      {
        what: 'A file of the run cannot be read',
        where: path,
        found: (cause as NodeJS.ErrnoException).code ?? String(cause),
        expected,
        remedy: 'give the folder that `modewise train --out` wrote',
      },
      { cause },
    );
  }
}

function readJson<T>(path: string, schema: z.ZodType<T>, expected: string): T {
  const text = new TextDecoder().decode(readBytes(path, expected));
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch (cause) {
    throw new CheckpointError(
      { what: 'A file of the run is damaged', where: path, found: String(cause) },
      { cause },
    );
  }
  const result = schema.safeParse(parsed);
  if (result.success) return result.data;
  const issue = result.error.issues[0] as z.core.$ZodIssue;
  throw new CheckpointError({
    what: 'A file of the run is damaged, foreign, or of another version',
    where: path,
    found: `${issue.path.join('.') || 'the whole'}: ${issue.message}`,
    expected,
    remedy: 'give the folder that `modewise train --out` wrote, or train again with this version',
  });
}
