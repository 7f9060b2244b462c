import type { EpisodeRow } from '../eval/rollout.ts';
import { Rng } from '../random.ts';
import { readCell, readEpisodes } from './cell-files.ts';
import { compareAll, type PairedComparison, type SeedEpisodes } from './comparison.ts';
import {
  type BenchmarkFigure,
  learningFigure,
  type ModeCounts,
  modeFigure,
  successEntropyChart,
  toFigure,
} from './figures.ts';
import type { Plan, PlannedTask } from './plan.ts';
import { type OverallStanding, type Resamplings, rankOverall, rankRows, type Standing } from './ranking.ts';
import { contestOf, type SummaryRow, summarizeTable } from './summary.ts';
import type { TableRow } from './table.ts';

/** What a benchmark found on one task. */
export interface TaskAnalysis {
  readonly task: PlannedTask;
  /** In the order of the suite. */
  readonly rows: readonly SummaryRow[];
  readonly cells: readonly TableRow[];
  /** Every row against every other one. */
  readonly comparisons: readonly PairedComparison[];
  /** Rows that have finished every seed that the reference has. */
  readonly standings: readonly Standing[];
  /** Training seeds by which they are ranked. */
  readonly rankedSeeds: readonly number[];
  /** Rows that lack one of these seeds. */
  readonly unranked: readonly string[];
  readonly reference: string;
  /** Best row of another algorithm than the reference's, by success × entropy; null where there is none. */
  readonly competitor: string | null;
  readonly figures: readonly BenchmarkFigure[];
}

/** What a benchmark found. */
export interface Analysis {
  readonly tasks: readonly TaskAnalysis[];
  /** Mean ranks over tasks; empty for a single one. */
  readonly overall: readonly OverallStanding[];
  readonly seeds: readonly number[];
  readonly bootstrap: number;
}

/** Reads the episodes of a task by row and seed; rows without a finished cell are left out. */
function readTask(folder: string, plan: Plan, envId: string): (readonly [string, SeedEpisodes])[] {
  return plan.names.flatMap((name) => {
    const bySeed = new Map<number, readonly EpisodeRow[]>();
    for (const spec of plan.cells) {
      if (spec.task !== envId || spec.name !== name || readCell(folder, spec).status !== 'done') continue;
      bySeed.set(spec.seed, readEpisodes(folder, spec));
    }
    return bySeed.size === 0 ? [] : [[name, bySeed] as const];
  });
}

function countModes([method, bySeed]: readonly [string, SeedEpisodes], modes: number): ModeCounts {
  const counts = new Array<number>(modes).fill(0);
  for (const { mode, success } of [...bySeed.values()].flat()) {
    if (success && mode !== null) counts[mode] = (counts[mode] as number) + 1;
  }
  return { method, counts };
}

function drawTask(
  folder: string,
  plan: Plan,
  task: PlannedTask,
  found: {
    readonly rows: readonly SummaryRow[];
    readonly episodes: readonly (readonly [string, SeedEpisodes])[];
  },
): BenchmarkFigure[] {
  const counts = found.episodes.map((row) => countModes(row, task.modes.length));
  const curves = plan.names.flatMap(
    (name) =>
      learningFigure(
        folder,
        plan.cells.filter((spec) => spec.task === task.envId && spec.name === name),
      ) ?? [],
  );
  return [
    toFigure(successEntropyChart(task.envId, found.rows)),
    modeFigure(task.envId, task.modes, counts),
    ...curves,
  ];
}

/**
 * Works out what the finished cells of a benchmark say.
 *
 * @param table - of the same benchmark.
 * @throws CheckpointError when the episodes of a finished cell are damaged.
 */
export function analyze(folder: string, plan: Plan, table: readonly TableRow[]): Analysis {
  const rng = Rng.fromSeed(0).fork('bootstrap');
  const summary = summarizeTable(table);
  const ranked: Resamplings[] = [];
  const tasks = plan.tasks.map((task): TaskAnalysis => {
    const rows = summary.filter((row) => row.task === task.envId);
    const episodes = readTask(folder, plan, task.envId);
    const { bootstrap: samples, reference } = plan;
    const sampling = { reference, rng: rng.fork(task.envId), samples };
    const resamplings = rankRows(episodes, task.modes.length, sampling);
    if (resamplings !== undefined) ranked.push(resamplings);
    return {
      task,
      rows,
      cells: table.filter((row) => row.task === task.envId),
      comparisons: compareAll(task.envId, episodes),
      standings: resamplings?.standings ?? [],
      rankedSeeds: resamplings?.seeds ?? [],
      unranked: resamplings?.unranked ?? [],
      reference,
      competitor: contestOf(rows, reference)?.competitor.method ?? null,
      figures: drawTask(folder, plan, task, { rows, episodes }),
    };
  });
  const overall = ranked.length > 1 && ranked.length === tasks.length ? rankOverall(ranked) : [];
  return { tasks, overall, seeds: plan.seeds, bootstrap: plan.bootstrap };
}
