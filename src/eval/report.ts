import { join } from 'node:path';
import { writeDurably } from '../durable-file.ts';
import type { EvaluationResult } from './evaluate-policy.ts';
import type { EpisodeRow } from './rollout.ts';

/** Facts about an evaluation that are known only to who started it. */
export interface ReportFacts {
  /** Settings of acting that replaced those of the training, each `key=value`; left out where none did. */
  readonly settings?: readonly string[];
  /** How long the component is kept, as the policy acted: `step`, a number of steps, or `episode`. */
  readonly commit?: string;
  /** Contexts that were asked for, where the task's own number was not taken. */
  readonly contextCount?: number;
  readonly workers: number;
  /** Duration of the evaluation, seconds. */
  readonly seconds: number;
  /** Duration of one action of one episode, microseconds. */
  readonly actionMicroseconds?: number;
}

/** The evaluation as one JSON object: every field of the result but its rows, which go to a file of their own. */
export type EvaluationReport = Omit<EvaluationResult, 'rows'> & ReportFacts;

/** Joins result and facts into the object that `eval --json` prints. */
export function toReport(result: EvaluationResult, facts: ReportFacts): EvaluationReport {
  const { rows: _, ...scores } = result;
  return { ...scores, ...facts };
}

const percent = (share: number) => `${(100 * share).toFixed(1)} %`;

/** Words a report for people. */
export function formatReport(report: EvaluationReport): string {
  const { contexts, entropy, modes, success } = report;
  const lines: [string, string][] = [
    ['environment', report.env],
    [
      'policy',
      [
        report.policy,
        ...(report.commit === undefined ? [] : [`commit ${report.commit}`]),
        ...(report.settings ?? []),
      ].join(', '),
    ],
    [
      'rollouts',
      `${report.rollouts} over ${contexts.total} context${contexts.total === 1 ? '' : 's'}, seed ${report.seed}`,
    ],
    [
      'success',
      `${percent(success.rate)}  (95 % interval ${percent(success.low)} to ${percent(success.high)})`,
    ],
    [
      'entropy',
      `${entropy.value.toFixed(3)}  (a uniform policy would score ${entropy.ceiling.toFixed(3)} on average)`,
    ],
    ['modes', `${modes.covered} of ${modes.total} covered; successes per mode: ${modes.counts.join(' ')}`],
    ['success × entropy', report.successTimesEntropy.toFixed(3)],
  ];
  if (contexts.total > 1 && modes.total > 1) {
    const most = Math.log2(modes.total);
    const bits = `${(report.marginalEntropy * most).toFixed(2)} of ${most.toFixed(2)} bits`;
    lines.push(['entropy over all contexts', `${report.marginalEntropy.toFixed(3)}  (${bits})`]);
  }
  if (report.klToDemonstrations !== null) {
    lines.push(['KL to demonstrations', report.klToDemonstrations.toFixed(3)]);
  }
  if (contexts.zeroSuccess > 0) lines.push(['contexts without success', String(contexts.zeroSuccess)]);
  if (report.successesWithoutMode > 0) {
    lines.push(['successes without a mode', String(report.successesWithoutMode)]);
  }
  lines.push([
    'mean steps',
    `${report.meanSteps.toFixed(1)}  (${report.truncated} cut off by the time limit)`,
  ]);
  lines.push(['mean final distance', `${report.meanDistance.toFixed(3)} m`]);
  for (const [name, value] of Object.entries(report.metrics)) lines.push([`mean ${name}`, value.toFixed(3)]);
  if (report.components.length > 0) lines.push(['components used', String(report.components.length)]);
  if (report.actionMicroseconds !== undefined) {
    lines.push(['time per action', `${report.actionMicroseconds.toFixed(1)} µs`]);
  }
  lines.push([
    'time',
    `${report.seconds.toFixed(1)} s on ${report.workers} worker${report.workers === 1 ? '' : 's'}`,
  ]);
  const width = Math.max(...lines.map(([name]) => name.length));
  return lines.map(([name, value]) => `${name.padEnd(width)}  ${value}`).join('\n');
}

/** Paths of what an evaluation leaves behind. */
export interface ReportFiles {
  /** The report, JSON. */
  readonly report: string;
  /** One JSON object per episode and line. */
  readonly rows: string;
}

/** Names the files of an evaluation after its protocol: the same command writes the same files. */
export function reportFiles(runDirectory: string, report: EvaluationReport): ReportFiles {
  const commit = report.commit === undefined ? '' : `-commit-${report.commit}`;
  const contexts = report.contextCount === undefined ? '' : `-contexts-${report.contextCount}`;
  const settings = (report.settings ?? []).map((setting) => `-${setting.replace(/[^\w.=]+/g, '_')}`).join('');
  const stem = join(
    runDirectory,
    `eval-${report.rollouts}-rollouts-seed-${report.seed}${contexts}${commit}${settings}`,
  );
  return { report: `${stem}.json`, rows: `${stem}.rows.jsonl` };
}

/**
 * Writes report and rows into the run folder, each whole or not at all; those of an earlier evaluation by the same
 * protocol are replaced.
 *
 * @throws the file system's error, e.g. when the folder may not be written to.
 */
export function writeReport(
  runDirectory: string,
  report: EvaluationReport,
  rows: readonly EpisodeRow[],
): ReportFiles {
  const files = reportFiles(runDirectory, report);
  writeDurably(files.rows, `${rows.map((row) => JSON.stringify(row)).join('\n')}\n`);
  writeDurably(files.report, `${JSON.stringify(report, null, 2)}\n`);
  return files;
}
