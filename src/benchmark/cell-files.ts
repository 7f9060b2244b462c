import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { writeDurably } from '../durable-file.ts';
import { CheckpointError, type ErrorReport, UsageError } from '../errors.ts';
import type { EpisodeRow } from '../eval/rollout.ts';
import type { Score } from '../eval/score.ts';
import { type CellSpec, cellFolder } from './plan.ts';

/** Files of a cell's folder. */
export const cellFiles = {
  /** What the cell is, before its training begins. */
  spec: 'cell.json',
  /** Folder of the training, as `modewise train` writes it. */
  run: 'run',
  /** How long the training took so far, and whether it is complete. */
  training: 'training.json',
  /** One episode of the evaluation a line. */
  episodes: 'episodes.jsonl',
  /** The scores: the cell is finished. */
  result: 'result.json',
  /** Why the cell could not be finished. */
  failure: 'failure.json',
} as const;

/** How far the training of a cell is. */
export interface CellTraining {
  readonly complete: boolean;
  /** Time spent, all stretches of a resumed training together; up to a second before a kill is lost. */
  readonly seconds: number;
  /** Training steps taken, over all phases of the method. */
  readonly steps: number;
  /** Name of the tensor backend. */
  readonly backend: string;
}

/** A finished cell. */
export interface CellResult {
  readonly score: Score;
  readonly training: CellTraining;
  readonly evaluationSeconds: number;
  /** Duration of one action of one episode on one thread. */
  readonly msPerAction: number;
  /** Numbers that were trained and act. */
  readonly parameters: number;
  /** Episodes that were learned from. */
  readonly demonstrations: number;
  /** Digest of the list of starts. */
  readonly contextsHash: string;
}

/** How a cell stands. */
export type CellState =
  | { readonly status: 'done'; readonly result: CellResult }
  | { readonly status: 'failed'; readonly failure: ErrorReport }
  | { readonly status: 'open' };

/** Reads a JSON file of a cell; undefined when there is none. @throws CheckpointError when it is damaged. */
function readJson<T>(path: string): T | undefined {
  if (!existsSync(path)) return undefined;
  try {
    return JSON.parse(readFileSync(path, 'utf8'));
  } catch (cause) {
    throw new CheckpointError(
      {
        what: 'A result of the benchmark cannot be read',
        where: path,
        found: String(cause),
        remedy: "delete the cell's folder; it is then run again",
      },
      { cause },
    );
  }
}

function writeJson(path: string, value: unknown): void {
  writeDurably(path, `${JSON.stringify(value, null, 2)}\n`);
}

/** Reads how far a cell's training is. */
export function readTraining(cell: string): CellTraining | undefined {
  return readJson(join(cell, cellFiles.training));
}

/** Writes how far a cell's training is. */
export function writeTraining(cell: string, training: CellTraining): void {
  writeJson(join(cell, cellFiles.training), training);
}

/** Writes the episodes and then the scores of a cell: with the latter it is finished. */
export function writeResult(cell: string, result: CellResult, episodes: readonly EpisodeRow[]): void {
  const lines = episodes.map((row) => `${JSON.stringify(row)}\n`);
  writeDurably(join(cell, cellFiles.episodes), lines.join(''));
  writeJson(join(cell, cellFiles.result), result);
}

/** Writes why a cell could not be finished. */
export function writeFailure(cell: string, failure: ErrorReport): void {
  writeJson(join(cell, cellFiles.failure), failure);
}

/** Reads how a cell stands. @throws CheckpointError when a file is damaged. */
export function readCell(folder: string, spec: CellSpec): CellState {
  const cell = cellFolder(folder, spec);
  const result = readJson<CellResult>(join(cell, cellFiles.result));
  if (result !== undefined) return { status: 'done', result };
  const failure = readJson<ErrorReport>(join(cell, cellFiles.failure));
  return failure === undefined ? { status: 'open' } : { status: 'failed', failure };
}

/** Reads the episodes of a finished cell. @throws CheckpointError when they are missing or damaged. */
export function readEpisodes(folder: string, spec: CellSpec): readonly EpisodeRow[] {
  const path = join(cellFolder(folder, spec), cellFiles.episodes);
  try {
    const lines = readFileSync(path, 'utf8').split('\n').filter(Boolean);
    return lines.map((line) => JSON.parse(line) as EpisodeRow);
  } catch (cause) {
    throw new CheckpointError(
      {
        what: 'The episodes of a finished cell cannot be read',
        where: path,
        found: String(cause),
        remedy: "delete the cell's folder; it is then run again",
      },
      { cause },
    );
  }
}

/** Finds the first setting in which two records differ, deep within them. */
function firstChange(
  before: unknown,
  now: unknown,
  path = '',
): { readonly path: string; readonly before: unknown; readonly now: unknown } | undefined {
  if (isDeepStrictEqual(before, now)) return undefined;
  const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
    typeof value === 'object' && value !== null && !Array.isArray(value);
  if (!isRecord(before) || !isRecord(now)) return { path, before, now };
  const keys = [...new Set([...Object.keys(now), ...Object.keys(before)])];
  const key = keys.find((name) => !isDeepStrictEqual(before[name], now[name])) as string;
  return firstChange(before[key], now[key], path === '' ? key : `${path}.${key}`);
}

/** @throws UsageError naming what has changed, where a cell was begun with other settings. */
function requireSameCell(folder: string, spec: CellSpec): void {
  const cell = cellFolder(folder, spec);
  const isBegun = [cellFiles.run, cellFiles.result].some((file) => existsSync(join(cell, file)));
  if (!isBegun) return;
  const path = join(cell, cellFiles.spec);
  const before = readJson<CellSpec>(path);
  const change = before && firstChange(before, spec);
  if (change === undefined) return;
  throw new UsageError({
    what: 'The folder holds a cell of this name with other settings',
    where: `${path}: ${change.path}`,
    found: JSON.stringify(change.before) ?? 'nothing',
    expected: JSON.stringify(change.now) ?? 'nothing',
    remedy:
      'choose another --out, give the row another name, or delete the folder of the cell to run it again',
  });
}

/**
 * Makes sure that what a folder holds of cells belongs to the same settings, and then notes those of all.
 *
 * @throws UsageError naming what has changed; nothing is noted then.
 */
export function claimCells(folder: string, cells: readonly CellSpec[]): void {
  for (const spec of cells) requireSameCell(folder, spec);
  for (const spec of cells) {
    const path = join(cellFolder(folder, spec), cellFiles.spec);
    if (!isDeepStrictEqual(readJson<CellSpec>(path), spec)) writeJson(path, spec);
  }
}
