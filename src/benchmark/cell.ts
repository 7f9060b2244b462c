import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { makeTask } from '../../envs/task.ts';
import { readTrainingData } from '../data/stored-training-data.ts';
import type { TrainingData } from '../data/training-data.ts';
import { InterruptedError, ModewiseError } from '../errors.ts';
import { timeActions } from '../eval/action-time.ts';
import { evaluatePolicy } from '../eval/evaluate-policy.ts';
import { FolderLock } from '../folder-lock.ts';
import { countParameters } from '../policies/parameter-count.ts';
import { findMethod } from '../policies/registry.ts';
import { loadPolicy, readPolicy, runFiles } from '../policies/run-directory.ts';
import { countModes, trainPolicy } from '../policies/train.ts';
import type { BackendName } from '../tensor/backends/driver.ts';
import { type CellTraining, cellFiles, readTraining, writeResult, writeTraining } from './cell-files.ts';
import type { CellSpec } from './plan.ts';

/** The time spent on a training is noted this often, milliseconds. */
const NOTE_EVERY_MS = 1000;

/** What a cell is run with. */
export interface CellRun {
  readonly spec: CellSpec;
  /** Folder of the cell. */
  readonly cell: string;
  /** Folder of the demonstrations. */
  readonly data: string;
  readonly backend: BackendName | 'auto';
  readonly threads: number;
  readonly versions: Readonly<Record<string, string>>;
  /** Monotonic time, milliseconds. */
  readonly clock: () => number;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  readonly signal: AbortSignal;
  /** Told how much of the cell is done, 0 to 1. */
  readonly onProgress: (phase: 'training' | 'evaluating', share: number) => void;
}

function stopped(cell: string): InterruptedError {
  return new InterruptedError({ what: 'The cell was stopped', where: cell });
}

/** Trains the policy of a cell, or goes on with it; a complete training is not done again. */
async function train(run: CellRun, data: TrainingData): Promise<CellTraining> {
  const { cell, clock, signal, spec } = run;
  const before = readTraining(cell);
  if (before?.complete === true) return before;
  const { selectBackend } = await import('../tensor/backend.ts');
  const backend = await selectBackend(run.backend, { threads: run.threads });
  const directory = join(cell, cellFiles.run);
  const resuming = existsSync(join(directory, runFiles.checkpoint));
  // killed before its first checkpoint, a training leaves nothing to go on from
  if (!resuming) rmSync(directory, { recursive: true, force: true });
  const earlier = resuming ? (before?.seconds ?? 0) : 0;
  const start = clock();
  // a resumed training reports where it goes on
  let steps = 0;
  let noted = start;
  const note = (complete: boolean): CellTraining => {
    const seconds = earlier + (clock() - start) / 1000;
    const training = { complete, seconds, steps, backend: backend.name };
    writeTraining(cell, training);
    return training;
  };
  const { complete } = await trainPolicy({
    method: findMethod(spec.method),
    config: spec.config,
    data,
    datasetPath: run.data,
    seed: spec.seed,
    directory,
    existing: resuming ? 'resume' : 'refuse',
    backend,
    versions: run.versions,
    now: run.now,
    signal,
    onProgress({ done, total }) {
      steps = done;
      if (clock() - noted < NOTE_EVERY_MS) return;
      noted = clock();
      note(false);
      run.onProgress('training', total > 0 ? done / total : 0);
    },
  });
  const training = note(complete);
  if (!complete) throw stopped(cell);
  return training;
}

/** How long the process of an earlier, killed benchmark may take to notice that its parent is gone, milliseconds. */
const ORPHAN_MS = 60_000;

/** Takes the lock of a cell; waits for the process of a benchmark that was killed to end. */
async function lockCell({ cell, clock, signal }: CellRun): Promise<FolderLock> {
  const start = clock();
  for (;;) {
    try {
      return FolderLock.take(cell, { what: 'cell of a benchmark', error: ModewiseError });
    } catch (error) {
      if (signal.aborted) throw stopped(cell);
      if (clock() - start > ORPHAN_MS) throw error;
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
  }
}

/**
 * Runs a cell of a benchmark to its end: trains, evaluates in this thread, and leaves scores and episodes in its folder.
 * What an earlier run of the same cell has done is not done again.
 *
 * @throws InterruptedError when the signal was aborted: the training is saved; otherwise what training and evaluation
 *   throw, such as DivergenceError.
 */
export async function runCell(run: CellRun): Promise<void> {
  const lock = await lockCell(run);
  try {
    // what was waited for may have been finished
    if (!existsSync(join(run.cell, cellFiles.result))) await trainAndScore(run);
  } finally {
    lock.release();
  }
}

async function trainAndScore(run: CellRun): Promise<void> {
  const { cell, clock, signal, spec } = run;
  const data = await readTrainingData(run.data);
  const training = await train(run, data);
  if (signal.aborted) throw stopped(cell);
  const directory = join(cell, cellFiles.run);
  const policy = await loadPolicy(directory);
  const made = await makeTask(spec.task);
  try {
    const start = clock();
    const evaluation = await evaluatePolicy(policy, made, {
      envId: spec.task,
      rollouts: spec.rollouts,
      seed: spec.evaluationSeed,
      demonstrations: countModes(data.modes),
      signal,
      onEpisode: (_, finished, total) => run.onProgress('evaluating', finished / total),
    });
    const evaluationSeconds = (clock() - start) / 1000;
    const { observation } = made.env.reset({ seed: 0, options: made.task.contexts[0]?.options ?? {} });
    const { contextsHash, env: _env, policy: _policy, rows, seed: _seed, ...score } = evaluation;
    const result = {
      score,
      training,
      evaluationSeconds,
      msPerAction: timeActions(policy, observation, clock),
      parameters: countParameters(readPolicy(directory)),
      demonstrations: data.modes.length,
      contextsHash,
    };
    writeResult(cell, result, rows);
  } finally {
    made.env.close();
  }
}
