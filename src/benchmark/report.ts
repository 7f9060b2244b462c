import { join } from 'node:path';
import { writeDurably } from '../durable-file.ts';
import { type Analysis, analyze } from './analysis.ts';
import type { PairedComparison } from './comparison.ts';
import { encodeCsv } from './csv.ts';
import { writeFigures } from './figures.ts';
import { benchmarkReport } from './markdown.ts';
import type { Plan } from './plan.ts';
import type { OverallStanding, Standing } from './ranking.ts';
import type { SummaryRow } from './summary.ts';
import { type TableRow, tableFiles } from './table.ts';

/** Files of a benchmark's folder, beside those of its cells. */
const reportFiles = { report: 'report.md', comparisons: 'comparisons.csv', summary: 'summary.json' } as const;

/** What `modewise bench --json` prints, and `summary.json` holds. */
export interface BenchmarkSummary {
  /** Paths. */
  readonly table: string;
  readonly report: string;
  readonly cells: number;
  readonly done: number;
  readonly failed: readonly Pick<TableRow, 'task' | 'method' | 'seed' | 'reason'>[];
  readonly tasks: readonly {
    readonly task: string;
    readonly reference: string;
    readonly competitor: string | null;
    readonly rows: readonly SummaryRow[];
    readonly comparisons: readonly PairedComparison[];
    readonly ranks: readonly Standing[];
  }[];
  readonly overall: readonly OverallStanding[];
}

/** A benchmark of which every cell has ended. */
export interface FinishedBenchmark {
  /** Its table, in the order of the plan. */
  readonly rows: readonly TableRow[];
  readonly summary: BenchmarkSummary;
}

function toSummary(
  folder: string,
  table: readonly TableRow[],
  { overall, tasks }: Analysis,
): BenchmarkSummary {
  const failed = table.filter(({ status }) => status === 'failed');
  return {
    table: join(folder, tableFiles.csv),
    report: join(folder, reportFiles.report),
    cells: table.length,
    done: table.length - failed.length,
    failed: failed.map(({ method, reason, seed, task }) => ({ task, method, seed, reason })),
    tasks: tasks.map(({ comparisons, competitor, reference, rows, standings, task }) => ({
      ...{ task: task.envId, reference, competitor, rows, comparisons, ranks: standings },
    })),
    overall,
  };
}

/** Encodes all paired comparisons as CSV. */
export function comparisonsCsv(comparisons: readonly PairedComparison[]): string {
  return encodeCsv(
    ['task', 'a', 'b', 'pairs', 'both_succeed', 'only_a', 'only_b', 'neither', 'p'],
    comparisons.map(({ a, b, bothSucceed, neither, onlyA, onlyB, p, pairs, task }) => [
      ...[task, a, b, pairs, bothSucceed, onlyA, onlyB, neither, p],
    ]),
  );
}

/**
 * Writes `report.md`, `comparisons.csv`, `summary.json` and the figures of a finished benchmark.
 *
 * @param table - all its rows.
 */
export function writeBenchmarkReport(
  folder: string,
  plan: Plan,
  table: readonly TableRow[],
): { readonly summary: BenchmarkSummary; readonly analysis: Analysis } {
  const analysis = analyze(folder, plan, table);
  const summary = toSummary(folder, table, analysis);
  writeFigures(
    folder,
    analysis.tasks.flatMap(({ figures }) => figures),
  );
  const comparisons = analysis.tasks.flatMap((task) => task.comparisons);
  writeDurably(join(folder, reportFiles.comparisons), comparisonsCsv(comparisons));
  writeDurably(join(folder, reportFiles.summary), `${JSON.stringify(summary, null, 2)}\n`);
  writeDurably(join(folder, reportFiles.report), benchmarkReport(analysis));
  return { summary, analysis };
}
