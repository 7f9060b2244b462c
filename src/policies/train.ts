import { createHash } from 'node:crypto';
import type { TrainingData } from '../data/training-data.ts';
import { CheckpointError, DivergenceError, ModewiseError, UsageError } from '../errors.ts';
import type { BackendReport } from '../tensor/backend.ts';
import { backendProfile } from '../tensor/backend-profile.ts';
import { requireFinite } from '../training/finite-weights.ts';
import type {
  Checkpoint,
  CurriculaSnapshot,
  MetricsRow,
  TrainingProgress,
  WatchedRun,
} from '../training/training-run.ts';
import type { Method, TrainingOutcome } from './method.ts';
import {
  appendMetrics,
  loadCheckpoint,
  loadRunRecord,
  openEventLog,
  requireEmptyDirectory,
  saveCheckpoint,
  savePolicy,
  saveRunRecord,
} from './run-directory.ts';
import type { SavedPolicy } from './saved-policy.ts';

/** What {@link trainPolicy} needs. */
export interface TrainPolicyOptions {
  readonly method: Method;
  /** Resolved by `resolveConfig`. */
  readonly config: unknown;
  readonly data: TrainingData;
  /** Folder of the data, for the record. */
  readonly datasetPath: string;
  readonly seed: number;
  /** Folder to write the run to. */
  readonly directory: string;
  /** Whether a folder that is not empty is refused, or holds a run to be continued from its checkpoint. */
  readonly existing: 'refuse' | 'resume';
  /** The policy to extend by what the data adds to what it learned from; trained anew where left out. */
  readonly extending?: PolicyExtension;
  /** The active tensor backend, as `selectBackend` reported it: for the record, and to lay out work for it. */
  readonly backend: Pick<BackendReport, 'name'>;
  /** Versions of the packages, for the record. */
  readonly versions: Readonly<Record<string, string>>;
  /** Milliseconds since 1970, for the times in TensorBoard's log; all are 0 where left out. */
  readonly now?: () => number;
  readonly signal?: AbortSignal;
  readonly onMetrics?: (row: MetricsRow) => void;
  readonly onProgress?: (progress: TrainingProgress) => void;
  /** Called with the curricula of a mixture after each of their updates; other methods never call it. */
  readonly onCurricula?: (snapshot: CurriculaSnapshot) => void;
  /** Called now and then while the training goes on, which waits: `take` copies out the policy so far. */
  readonly onInterim?: (take: () => Promise<SavedPolicy>) => Promise<void>;
}

/** What is extended. */
export interface PolicyExtension {
  readonly policy: SavedPolicy;
  /** Folder of the run, for the record. */
  readonly run: string;
  /** Folders of the demonstrations that it learned from, for the record. */
  readonly datasets: readonly string[];
  /** How many demonstrations those are: the first of the data. */
  readonly learned: number;
}

/** What {@link trainPolicy} gives back. */
export interface TrainedPolicy {
  readonly policy: SavedPolicy;
  /** False when the training was aborted: the policy acts nevertheless, and the run can be resumed. */
  readonly complete: boolean;
}

/**
 * Trains a policy into a run folder: `run.json` before the first step, a log row a line in `metrics.jsonl`
 * and the same rows for TensorBoard, checkpoints as it goes, and the policy at the end, also when it was aborted. Of a
 * training that diverges, the folder holds the policy of the last good checkpoint, marked as that.
 *
 * The tensor backend must be selected before.
 *
 * @throws UsageError when a policy is to be extended and the method cannot.
 * @throws DivergenceError naming step and batch, when a loss or a weight is not finite.
 * @throws OutputExistsError when the folder is not empty and `existing` is `refuse`.
 * @throws CheckpointError when `existing` is `resume` and the folder holds another method's run, or one with other
 *   data, another configuration or another seed.
 */
export async function trainPolicy(options: TrainPolicyOptions): Promise<TrainedPolicy> {
  const { method, config, data, seed, directory, existing, extending, backend, versions, signal } = options;
  if (extending !== undefined && method.extension === undefined) {
    throw new UsageError({ what: `The method '${method.name}' cannot extend a policy` });
  }
  if (existing === 'refuse') requireEmptyDirectory(directory);
  const resumeFrom = existing === 'resume' ? loadCheckpoint(directory) : undefined;
  if (resumeFrom === undefined) {
    saveRunRecord(directory, {
      method: method.name,
      envId: data.envId,
      seed,
      config,
      backend,
      versions: { ...versions },
      dataset: {
        path: options.datasetPath,
        sha256: digest(data),
        episodes: data.modes.length,
        steps: data.observations.length / data.observationSize,
        demonstrations: countModes(data.modes),
      },
      ...(extending !== undefined && {
        extends: { run: extending.run, datasets: extending.datasets, episodes: extending.learned },
      }),
    });
  } else {
    const record = loadRunRecord(directory);
    if (record.method !== method.name) {
      throw new CheckpointError({
        what: 'The run to resume was trained by another method',
        where: directory,
        found: record.method,
        expected: method.name,
      });
    }
  }
  const appendEvents = openEventLog(directory, options.now ?? (() => 0));
  const run: WatchedRun<SavedPolicy> = {
    seed,
    profile: backendProfile(backend),
    ...(signal !== undefined && { signal }),
    ...(resumeFrom !== undefined && { resumeFrom }),
    ...(options.onProgress !== undefined && { onProgress: options.onProgress }),
    ...(options.onCurricula !== undefined && { onCurricula: options.onCurricula }),
    ...(options.onInterim !== undefined && { onInterim: options.onInterim }),
    onMetrics: (row) => {
      appendMetrics(directory, row);
      appendEvents(row);
      options.onMetrics?.(row);
    },
    saveCheckpoint: (checkpoint) => saveCheckpoint(directory, checkpoint),
  };
  const train = (as: WatchedRun<SavedPolicy>): Promise<TrainingOutcome> =>
    extending === undefined || method.extension === undefined
      ? method.train(data, config, as)
      : method.extension.train(extending.policy, data, { config, learned: extending.learned, run: as });
  try {
    const outcome = await train(run);
    savePolicy(directory, outcome.policy);
    return outcome;
  } catch (error) {
    if (!(error instanceof DivergenceError)) throw error;
    const { profile } = run;
    const policy = await lastGoodPolicy(directory, (resumeFrom) =>
      train({ seed, ...(profile !== undefined && { profile }), resumeFrom, signal: AbortSignal.abort() }),
    );
    if (policy === undefined) throw error;
    const { report } = error;
    savePolicy(directory, { ...policy, diverged: report.where ?? report.what });
    const kept = `the policy of the last good checkpoint is kept in ${directory}`;
    const remedy = report.remedy === undefined ? kept : `${report.remedy}; ${kept}`;
    throw new DivergenceError({ ...report, remedy }, { cause: error });
  }
}

/**
 * Makes a policy of the last checkpoint of a training that diverged: the training goes on from there and is stopped at once.
 *
 * @returns undefined where there is no checkpoint yet, or none that acts.
 */
async function lastGoodPolicy(
  directory: string,
  goOnFrom: (checkpoint: Checkpoint) => Promise<TrainingOutcome>,
): Promise<SavedPolicy | undefined> {
  try {
    const checkpoint = loadCheckpoint(directory);
    if (checkpoint === undefined) return undefined;
    const { policy } = await goOnFrom(checkpoint);
    requireFinite(policy.arrays, 'the last checkpoint');
    return policy;
  } catch (error) {
    // that the training diverged is what has to be said, not that nothing could be kept of it
    if (error instanceof ModewiseError) return undefined;
    throw error;
  }
}

/** Counts the episodes of each mode, in mode order up to the last one that occurs; those without a mode do not count. */
export function countModes(modes: Int32Array): number[] {
  const counts: number[] = [];
  for (const mode of modes) {
    while (counts.length <= mode) counts.push(0);
    if (mode >= 0) counts[mode] = (counts[mode] as number) + 1;
  }
  return counts;
}

/** Hashes what a policy learns from, as `run.json` names it. */
export function digest(data: TrainingData): string {
  const hash = createHash('sha256');
  for (const array of [data.observations, data.actions, data.episodeStarts, data.modes]) {
    hash.update(new Uint8Array(array.buffer, array.byteOffset, array.byteLength));
  }
  return hash.digest('hex');
}
