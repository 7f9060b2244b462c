import { type Proportion, wilson } from '../eval/wilson.ts';
import { deviation, mean } from '../statistics.ts';
import type { Column, TableRow } from './table.ts';

/** Mean and sample standard deviation over training seeds; null where no seed has a value. */
export type OverSeeds = { readonly mean: number; readonly deviation: number } | null;

/** One method on one task, over training seeds: a line of the Markdown table. */
export interface SummaryRow {
  readonly task: string;
  readonly method: string;
  readonly algorithm: string;
  /** Finished cells; the figures are over these. */
  readonly seeds: number;
  readonly failed: number;
  readonly success: OverSeeds;
  /** Wilson 95 % interval over all rollouts of all seeds: of these policies, not of the method. */
  readonly interval: Proportion;
  readonly entropy: OverSeeds;
  readonly ceiling: OverSeeds;
  /** Success × entropy. */
  readonly score: OverSeeds;
  readonly kl: OverSeeds;
  readonly distance: OverSeeds;
  readonly steps: OverSeeds;
  readonly msPerAction: OverSeeds;
  readonly trainMinutes: OverSeeds;
  /** Modes that every seed's policy covers at least, and the number of modes there are. */
  readonly worstCovered: number | null;
  readonly modes: number | null;
  readonly parameters: number | null;
  readonly trainingSteps: number | null;
  readonly demonstrations: number | null;
  /** Rollouts of each seed. */
  readonly rollouts: number | null;
}

function overSeeds(rows: readonly TableRow[], column: Column, scale = 1): OverSeeds {
  const values = rows.flatMap((row) => {
    const value = row[column];
    return typeof value === 'number' ? [scale * value] : [];
  });
  return values.length === 0 ? null : { mean: mean(values), deviation: deviation(values) };
}

function summarizeRows(rows: readonly TableRow[]): SummaryRow {
  const [any] = rows as readonly [TableRow, ...TableRow[]];
  const done = rows.filter(({ status }) => status === 'done');
  const total = (column: 'successes' | 'rollouts') => done.reduce((sum, row) => sum + (row[column] ?? 0), 0);
  const of = (column: Column, scale?: number) => overSeeds(done, column, scale);
  const first = done[0];
  return {
    task: any.task ?? '',
    method: any.method ?? '',
    algorithm: any.algorithm ?? '',
    seeds: done.length,
    failed: rows.length - done.length,
    success: of('success'),
    interval: wilson(total('successes'), total('rollouts')),
    entropy: of('entropy'),
    ceiling: of('entropy_ceiling'),
    score: of('success_times_entropy'),
    kl: of('kl'),
    distance: of('distance'),
    steps: of('steps'),
    msPerAction: of('ms_per_action'),
    trainMinutes: of('train_seconds', 1 / 60),
    worstCovered: done.length === 0 ? null : Math.min(...done.map((row) => row.modes_covered ?? 0)),
    modes: first?.modes ?? null,
    parameters: first?.parameters ?? null,
    trainingSteps: first?.training_steps ?? null,
    demonstrations: first?.demonstrations ?? null,
    rollouts: first?.rollouts ?? null,
  };
}

/** Summarizes a table over its training seeds: one row for each method on each task, in the order of the table. */
export function summarizeTable(rows: readonly TableRow[]): SummaryRow[] {
  const groups = new Map<string, TableRow[]>();
  for (const row of rows) {
    const key = JSON.stringify([row.task, row.method]);
    groups.set(key, [...(groups.get(key) ?? []), row]);
  }
  return [...groups.values()].map(summarizeRows);
}

/** The row with the best score of some, and of equal ones the one that succeeds more often. */
function best(rows: readonly SummaryRow[]): SummaryRow | undefined {
  const of = (value: OverSeeds) => value?.mean ?? -1;
  return rows
    .filter(({ score }) => score !== null)
    .toSorted((a, b) => of(b.score) - of(a.score) || of(b.success) - of(a.success))[0];
}

/** The row that others are compared with, and the best row of another algorithm. */
export interface Contest {
  readonly reference: SummaryRow;
  readonly competitor: SummaryRow;
}

/**
 * Finds the best competitor of the reference row on a task, by success × entropy.
 *
 * @param rows - of one task.
 * @returns undefined when the reference or all competitors have failed.
 */
export function contestOf(rows: readonly SummaryRow[], referenceName: string): Contest | undefined {
  const reference = rows.find(({ method, score }) => method === referenceName && score !== null);
  if (reference === undefined) return undefined;
  const competitor = best(rows.filter(({ algorithm }) => algorithm !== reference.algorithm));
  return competitor === undefined ? undefined : { reference, competitor };
}
