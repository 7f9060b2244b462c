import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { writeDurably } from '../durable-file.ts';
import { InterruptedError, ModewiseError, UsageError } from '../errors.ts';
import { FolderLock } from '../folder-lock.ts';
import { makeFolder } from '../make-folder.ts';
import type { BackendName } from '../tensor/backends/driver.ts';
import { cellFiles, claimCells, readCell, writeFailure } from './cell-files.ts';
import { type DemonstrationRun, prepareDemonstrations } from './demonstrations.ts';
import { type CellSpec, cellFolder, demonstrationsFolder, type Plan, type PlannedTask } from './plan.ts';
import { type CellJob, runOnProcesses } from './processes.ts';
import { rowOf, type TableRow, writeTable } from './table.ts';

/** File that tells a benchmark's folder from others: everything that was decided. */
const PLAN_FILE = 'benchmark.json';
const FORMAT = 'modewise-benchmark';

/** Reads what was decided of the benchmark in a folder; undefined where there is none. */
function readPlan(folder: string): Plan | undefined {
  try {
    const plan = JSON.parse(readFileSync(join(folder, PLAN_FILE), 'utf8'));
    return plan.format === FORMAT ? plan : undefined;
  } catch {
    return undefined;
  }
}

/** Says whether a folder is that of a benchmark. */
export function isBenchmark(folder: string): boolean {
  return readPlan(folder) !== undefined;
}

/** @throws UsageError when the folder holds demonstrations that were collected otherwise than the plan says. */
function requireSameDemonstrations(folder: string, { tasks }: Plan): void {
  for (const before of readPlan(folder)?.tasks ?? []) {
    const now = tasks.find(({ envId }) => envId === before.envId);
    if (now === undefined || 'data' in now.demonstrations || 'data' in before.demonstrations) continue;
    const [found, expected] = [before, now].map(({ demonstrations }) => JSON.stringify(demonstrations));
    const where = demonstrationsFolder(folder, now);
    if (found === expected || !existsSync(where)) continue;
    throw new UsageError({
      what: 'The folder holds other demonstrations of this task',
      ...{ where, found: found as string, expected: expected as string },
      remedy: 'choose another --out, or write into the file what was collected',
    });
  }
}

/** How cells stand, for people. */
export interface BenchmarkProgress extends Pick<DemonstrationRun, 'onEpisode'> {
  /** A cell that runs came further; `finished` counts cells, those of an earlier run included. */
  onCell(running: readonly string[], finished: number, total: number): void;
  /** A cell ended, or was found to be finished. */
  onRow(row: TableRow, found: boolean): void;
}

/** What {@link runBenchmark} needs beside the plan. */
export interface BenchmarkOptions {
  /** Folder to write to; may hold finished cells of the same suite. */
  readonly folder: string;
  /** Processes at a time. */
  readonly workers: number;
  readonly backend: BackendName | 'auto';
  /** Threads of each process. */
  readonly threads: number;
  /** Module that runs a cell in a process of its own. */
  readonly entry: URL;
  readonly signal: AbortSignal;
  readonly progress: BenchmarkProgress;
}

/** Words a cell for people. */
export function wordCell({ name, seed, task }: CellSpec): string {
  return `${name} on ${task}, seed ${seed}`;
}

function tableOf(folder: string, cells: readonly CellSpec[]): TableRow[] {
  return cells.flatMap((spec) => rowOf(spec, readCell(folder, spec)) ?? []);
}

function interrupted(rows: readonly TableRow[], plan: Plan): InterruptedError {
  return new InterruptedError({
    what: `The benchmark was stopped after ${rows.length} of ${plan.cells.length} cells`,
    remedy: 'the same command with --resume goes on from there',
  });
}

/**
 * Runs a benchmark: demonstrations once for each task, then every cell that is not finished, each in a process of its
 * own. A cell that failed is tried again when a benchmark is resumed. The table is written after every cell.
 *
 * @returns the table's rows, in the order of the plan.
 * @throws UsageError when the folder holds cells of these names with other settings, or other demonstrations; InterruptedError when the
 *   signal was aborted: what is finished stays finished; ModewiseError when another process runs a benchmark there.
 */
export async function runBenchmark(plan: Plan, options: BenchmarkOptions): Promise<readonly TableRow[]> {
  makeFolder(options.folder);
  const lock = FolderLock.take(options.folder, { what: 'benchmark', error: ModewiseError });
  try {
    return await runLocked(plan, options);
  } finally {
    lock.release();
  }
}

async function runLocked(plan: Plan, options: BenchmarkOptions): Promise<readonly TableRow[]> {
  const { folder, progress, signal } = options;
  requireSameDemonstrations(folder, plan);
  claimCells(folder, plan.cells);
  writeDurably(
    join(folder, PLAN_FILE),
    `${JSON.stringify({ format: FORMAT, version: 1, ...plan }, null, 2)}\n`,
  );
  const open: CellSpec[] = [];
  for (const spec of plan.cells) {
    const state = readCell(folder, spec);
    const row = rowOf(spec, state);
    if (state.status === 'done' && row !== undefined) progress.onRow(row, true);
    else open.push(spec);
  }
  // whole rows of a seed before the next one: what an interrupted benchmark has can be compared
  open.sort((a, b) => a.seed - b.seed);
  const jobs = await prepareJobs(plan, open, options);
  const running = new Map<CellJob, string>();
  let finished = plan.cells.length - open.length;
  const show = () => progress.onCell([...running.values()], finished, plan.cells.length);
  await runOnProcesses(jobs, {
    ...{ count: options.workers, entry: options.entry, signal },
    onProgress(job, phase, share) {
      running.set(job, `${wordCell(job.spec)}: ${phase} ${Math.floor(100 * share)} %`);
      show();
    },
    onEnd(job, end) {
      running.delete(job);
      if (end.status === 'stopped') return;
      finished++;
      if (end.status === 'failed') writeFailure(job.cell, end.failure);
      const row = rowOf(job.spec, readCell(folder, job.spec));
      if (row !== undefined) progress.onRow(row, false);
      writeTable(folder, tableOf(folder, plan.cells));
      show();
    },
  });
  const rows = tableOf(folder, plan.cells);
  writeTable(folder, rows);
  if (rows.length < plan.cells.length) throw interrupted(rows, plan);
  return rows;
}

/** Makes the demonstrations that open cells need, and clears what earlier attempts at them have noted as failures. */
async function prepareJobs(
  { tasks }: Plan,
  open: readonly CellSpec[],
  { backend, folder, progress, signal, threads }: BenchmarkOptions,
): Promise<readonly CellJob[]> {
  const dataOf = new Map<string, string>();
  const needed = tasks.filter(({ envId }) => open.some(({ task }) => task === envId));
  for (const task of needed) {
    const { onEpisode } = progress;
    dataOf.set(task.envId, await prepareDemonstrations(folder, task, { onEpisode, signal }));
  }
  return open.map((spec) => {
    const cell = cellFolder(folder, spec);
    const failure = join(cell, cellFiles.failure);
    if (existsSync(failure)) rmSync(failure);
    const { reference } = tasks.find(({ envId }) => envId === spec.task) as PlannedTask;
    return { spec, reference, cell, data: dataOf.get(spec.task) as string, backend, threads };
  });
}
