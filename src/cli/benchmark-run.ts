import { availableParallelism } from 'node:os';
import type { Plan } from '../benchmark/plan.ts';
import type { FinishedBenchmark } from '../benchmark/report.ts';
import type { Suite } from '../benchmark/suite.ts';
import type { TableRow } from '../benchmark/table.ts';
import { formatDuration } from './progress.ts';
import type { VerbContext } from './verb.ts';

/** Words the row of a cell for people. */
export function wordRow(row: TableRow, found: boolean): string {
  const cell = `${row.method} on ${row.task}, seed ${row.seed}`;
  if (row.status === 'failed') return `${cell}: failed: ${row.reason}`;
  const success = `success ${(100 * (row.success ?? 0)).toFixed(1)} %, entropy ${(row.entropy ?? 0).toFixed(3)}`;
  const time = found ? 'found finished' : `trained in ${formatDuration(row.train_seconds ?? 0)}`;
  return `${cell}: ${success} (${time})`;
}

/** Where a benchmark goes, and how it is watched and stopped. */
export interface BenchmarkRun extends Pick<VerbContext<unknown>, 'progress' | 'say' | 'signal'> {
  readonly folder: string;
  /** Processes at a time; what the suite says where undefined. */
  readonly workers?: number | undefined;
}

/**
 * Runs a planned benchmark into a folder, or goes on with what the folder has of it, and writes its report: what
 * `modewise bench` does once a folder is its own.
 *
 * @throws what {@link runBenchmark} throws, InterruptedError when it was stopped.
 */
export async function fillBenchmark(
  plan: Plan,
  suite: Suite,
  { folder, progress, say, signal, workers = suite.workers }: BenchmarkRun,
): Promise<FinishedBenchmark> {
  const { runBenchmark } = await import('../benchmark/benchmark.ts');
  const { writeBenchmarkReport } = await import('../benchmark/report.ts');
  const threads = suite.threads ?? Math.max(1, Math.floor(availableParallelism() / workers));
  let finished = 0;
  let phase = '';
  const enter = (label: string, from: number) => {
    if (phase !== label) progress.start(label, from);
    phase = label;
  };
  const rows = await runBenchmark(plan, {
    ...{ folder, workers, threads, backend: suite.backend, signal },
    // the compiled tree holds JavaScript only
    entry: new URL(import.meta.url.replace(/benchmark-run(\.[jt]s)$/, 'bench-cell$1')),
    progress: {
      onEpisode(task, done, total) {
        enter(`collecting ${task}`, done - 1);
        progress.update(done, total);
      },
      onCell(running, done, total) {
        enter('cells', finished);
        progress.update(done, total, running.join('; '));
      },
      onRow(row, found) {
        if (found) finished++;
        say(wordRow(row, found));
      },
    },
  });
  return { rows, summary: writeBenchmarkReport(folder, plan, rows).summary };
}
