import { join } from 'node:path';
import { encodeParquet } from '../data/formats/parquet.ts';
import { writeDurably } from '../durable-file.ts';
import type { ErrorReport } from '../errors.ts';
import type { CellResult, CellState } from './cell-files.ts';
import { encodeCsv } from './csv.ts';
import type { CellSpec } from './plan.ts';

/** Columns of the table with their types, in order. */
export const columns = {
  task: 'string',
  /** Name of the row in the suite. */
  method: 'string',
  /** Of the training. */
  seed: 'int64',
  /** `done` or `failed`. */
  status: 'string',
  success: 'double',
  /** Wilson 95 % interval of this policy's success. */
  success_low: 'double',
  success_high: 'double',
  entropy: 'double',
  /** What a uniform policy with as many successes would score on average. */
  entropy_ceiling: 'double',
  success_times_entropy: 'double',
  modes_covered: 'int64',
  modes: 'int64',
  /** Divergence from the demonstrated modes. */
  kl: 'double',
  /** Mean distance at the end, metres. */
  distance: 'double',
  /** Mean control steps. */
  steps: 'double',
  /** On one thread, one episode at a time. */
  ms_per_action: 'double',
  train_seconds: 'double',
  parameters: 'int64',
  /** The budget: steps over all phases of the training. */
  training_steps: 'int64',
  demonstrations: 'int64',
  rollouts: 'int64',
  successes: 'int64',
  successes_without_mode: 'int64',
  contexts: 'int64',
  contexts_without_success: 'int64',
  evaluation_seed: 'int64',
  /** Name in the registry of methods. */
  algorithm: 'string',
  backend: 'string',
  /** What else the task measures, as JSON; empty where it measures nothing else. */
  metrics: 'string',
  /** Why the cell failed. */
  reason: 'string',
} as const;

/** Name of a column. */
export type Column = keyof typeof columns;

/** One cell of a benchmark: null where there is no value. */
export type TableRow = {
  readonly [K in Column]: (typeof columns)[K] extends 'string' ? string | null : number | null;
};

/** Columns that differ from run to run: everything else is the same for any number of workers. */
export const timingColumns: readonly Column[] = ['ms_per_action', 'train_seconds'];

/** Words a failure in one line. */
export function reasonOf({ found, what, where }: ErrorReport): string {
  return [what, where, found]
    .filter((part) => part !== undefined)
    .join('; ')
    .replaceAll(/\s*\n\s*/g, ' ');
}

function doneRow(
  spec: CellSpec,
  { demonstrations, msPerAction, parameters, score, training }: CellResult,
): TableRow {
  const { contexts, entropy, metrics, modes, success } = score;
  return {
    task: spec.task,
    method: spec.name,
    seed: spec.seed,
    status: 'done',
    success: success.rate,
    success_low: success.low,
    success_high: success.high,
    entropy: entropy.value,
    entropy_ceiling: entropy.ceiling,
    success_times_entropy: score.successTimesEntropy,
    modes_covered: modes.covered,
    modes: modes.total,
    kl: score.klToDemonstrations,
    distance: score.meanDistance,
    steps: score.meanSteps,
    ms_per_action: msPerAction,
    train_seconds: training.seconds,
    parameters,
    training_steps: training.steps,
    demonstrations,
    rollouts: score.rollouts,
    successes: Math.round(success.rate * score.rollouts),
    successes_without_mode: score.successesWithoutMode,
    contexts: contexts.total,
    contexts_without_success: contexts.zeroSuccess,
    evaluation_seed: spec.evaluationSeed,
    algorithm: spec.method,
    backend: training.backend,
    metrics: Object.keys(metrics).length === 0 ? null : JSON.stringify(metrics),
    reason: null,
  };
}

/** Makes the table's row of a cell; undefined for one that is not finished. */
export function rowOf(spec: CellSpec, state: CellState): TableRow | undefined {
  if (state.status === 'open') return undefined;
  if (state.status === 'done') return doneRow(spec, state.result);
  const empty = Object.fromEntries(Object.keys(columns).map((name) => [name, null])) as TableRow;
  return {
    ...empty,
    task: spec.task,
    method: spec.name,
    seed: spec.seed,
    status: 'failed',
    evaluation_seed: spec.evaluationSeed,
    algorithm: spec.method,
    reason: reasonOf(state.failure),
  };
}

/** Encodes the table as CSV: numbers in full, nothing for null. */
export function tableCsv(rows: readonly TableRow[]): string {
  const names = Object.keys(columns) as Column[];
  return encodeCsv(
    names,
    rows.map((row) => names.map((name) => row[name])),
  );
}

/** Encodes the table as Parquet; at least one row. */
export function tableParquet(rows: readonly TableRow[]): Uint8Array {
  const names = Object.keys(columns) as Column[];
  const whole = (value: unknown) => (typeof value === 'number' ? BigInt(value) : value);
  return encodeParquet([
    names.map((name) => ({
      name,
      type: columns[name],
      list: false,
      values: rows.map((row) => (columns[name] === 'int64' ? whole(row[name]) : row[name])),
    })),
  ]);
}

/** Files of the table. */
export const tableFiles = { csv: 'table.csv', parquet: 'table.parquet' } as const;

/** Writes the table into a folder, in both forms; nothing when it is empty. */
export function writeTable(folder: string, rows: readonly TableRow[]): void {
  if (rows.length === 0) return;
  writeDurably(join(folder, tableFiles.parquet), tableParquet(rows));
  writeDurably(join(folder, tableFiles.csv), tableCsv(rows));
}
