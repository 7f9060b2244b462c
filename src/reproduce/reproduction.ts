import type { FinishedBenchmark } from '../benchmark/report.ts';
import type { Chart } from '../chart.ts';
import type { Units } from './units.ts';

/** Whether a claim was obtained again: it was, it was not, or what was run here is too little to judge it. */
export type Verdict = 'holds' | 'falls-short' | 'not-run';

/** A number as a paper has it. */
export interface Published {
  /** As printed, or as read. */
  readonly value: string;
  /** `verified`: read in the named source. `figure`: read off a plot by eye. `unverified`: known only at second hand. */
  readonly mark: 'verified' | 'figure' | 'unverified';
  readonly source: string;
}

/** One measured number of a report. */
export interface Figure {
  readonly name: string;
  /** Mean over the repetitions; null where it could not be measured. */
  readonly mean: number | null;
  /** Standard deviation over the repetitions, or half the width of the 95 % interval where `spreadIs` says so. */
  readonly spread: number | null;
  readonly spreadIs?: 'deviation' | 'interval';
  /** Repetitions. */
  readonly count: number;
  /** What it must reach, in words; absent where it is only reported. */
  readonly target?: string;
  /** Whether it does. */
  readonly holds?: boolean;
  readonly published?: Published;
}

/** One experiment of a reproduction. */
export interface Part {
  readonly title: string;
  /** How it was done, a sentence or fact a line, seeds included. */
  readonly protocol: readonly string[];
  readonly figures: readonly Figure[];
  readonly charts: readonly Chart[];
  /** What a reader should know to judge the figures. */
  readonly notes: readonly string[];
  /** Why it was not run, and what to do about it. */
  readonly notRun?: string;
}

/** What a reproduction works with. */
export interface ReproductionContext {
  /** Fewer repetitions and less data, for minutes instead of hours. */
  readonly quick: boolean;
  readonly seed: number;
  /** Folder with data that are not ours to distribute; undefined: where the system's packages put them. */
  readonly dataFolder?: string;
  /** Folder of the report, for what the work leaves beside it. */
  readonly folder: string;
  /** Aborted when stopping was asked for. */
  readonly signal: AbortSignal;
  /** Versions of the packages that compute, for the record of trainings. */
  readonly versions: Readonly<Record<string, string>>;
  /** Processor time of this process so far, milliseconds: figures of cost that other work does not change. */
  readonly processorTime: () => number;
  /** Work that survives a kill. */
  readonly units: Units;
  /**
   * Runs a benchmark into a folder, or goes on with what the folder has of it, as `modewise bench` does.
   *
   * @param suite - what the benchmark's file would hold.
   * @param where - path of that file, for messages.
   * @throws ConfigError for a suite that cannot be run; InterruptedError when it was stopped: finished cells stay.
   */
  readonly benchmark: (suite: string, where: string, folder: string) => Promise<FinishedBenchmark>;
}

/** A published claim that can be checked by command. */
export interface Reproduction {
  readonly name: string;
  /** One line for the list. */
  readonly summary: string;
  /** Authors, title, where. */
  readonly paper: string;
  /** Says roughly how long `--quick` and the whole take. */
  readonly duration: string;
  /**
   * Says whether a folder holds work of this reproduction beside its units: it is kept then, and can be gone on with even
   * where no report was begun. Left out: there are units only.
   */
  isBegun?(folder: string): boolean;
  run(context: ReproductionContext): Promise<readonly Part[]>;
}

/** Judges parts: what fails decides, then what is missing; without any target, nothing was judged. */
export function judge(parts: readonly Part[]): Verdict {
  const outcomes = parts.flatMap(({ figures }) => figures.map(({ holds }) => holds));
  if (outcomes.includes(false)) return 'falls-short';
  if (parts.some(({ notRun }) => notRun !== undefined) || !outcomes.includes(true)) return 'not-run';
  return 'holds';
}
