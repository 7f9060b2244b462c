import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { TrainingData } from '../data/training-data.ts';
import { InterruptedError } from '../errors.ts';
import type { SavedPolicy } from '../policies/saved-policy.ts';
import type { PolicyExtension } from '../policies/train.ts';
import type { ReproductionContext } from './reproduction.ts';

/** The task with 24 ways. */
export const AVOIDING = 'Avoiding-v0';
/** Rollouts of one score. */
export const ROLLOUTS = 480;
/** Of the evaluation: what was learned must not have seen it. */
export const EVALUATION_SEED = 1000;
const PER_MODE = 4;

/** Says that a reproduction was stopped, and where. */
export function stopped(where: string): InterruptedError {
  return new InterruptedError({
    what: 'The reproduction was stopped',
    where,
    remedy: 'the same command with --resume goes on from there',
  });
}

/** Collects the demonstrations into a folder of the report; what an interrupted collection has is kept. */
export async function collectDemonstrations(
  path: string,
  { seed, signal }: Pick<ReproductionContext, 'seed' | 'signal'>,
): Promise<number> {
  await import('../../envs/index.ts');
  const { collect, demonstrationInfo } = await import('../../demos/collect.ts');
  const { createDataset, openDataset } = await import('../data/store.ts');
  const dataset = existsSync(path)
    ? await openDataset(path, { access: 'append' })
    : await createDataset(path, await demonstrationInfo(AVOIDING));
  try {
    const report = await collect({ envId: AVOIDING, perMode: PER_MODE, seed, dataset, signal });
    if (report.interrupted) throw stopped(path);
    return dataset.length;
  } finally {
    await dataset.close();
  }
}

/** Reads the collected demonstrations. */
export async function readDemonstrations(path: string): Promise<TrainingData> {
  const { readTrainingData } = await import('../data/stored-training-data.ts');
  return readTrainingData(path);
}

/** One training by IMC. */
export interface AvoidingTraining {
  /** Folder of the demonstrations, for the record. */
  readonly dataPath: string;
  readonly data: TrainingData;
  /** Folder of the run. */
  readonly directory: string;
  readonly seed: number;
  /** Settings that replace the method's own, or those of `base`. */
  readonly sets: readonly string[];
  readonly base?: unknown;
  readonly extending?: PolicyExtension;
  /** Threads of the backend, where it is not to take what there is. */
  readonly threads?: number;
}

/** Trains a policy into a run folder, or goes on with it. */
export async function trainOnAvoiding(
  { base, data, dataPath, directory, extending, seed, sets, threads }: AvoidingTraining,
  { signal, versions }: Pick<ReproductionContext, 'signal' | 'versions'>,
): Promise<SavedPolicy> {
  const { resolveConfig } = await import('../policies/config.ts');
  const { findMethod } = await import('../policies/registry.ts');
  const { trainPolicy } = await import('../policies/train.ts');
  const { runFiles } = await import('../policies/run-directory.ts');
  const { selectBackend } = await import('../tensor/backend.ts');
  const resuming = existsSync(join(directory, runFiles.checkpoint));
  // killed before its first checkpoint, a training leaves nothing to go on from
  if (!resuming) rmSync(directory, { recursive: true, force: true });
  const method = findMethod('imc');
  const { complete, policy } = await trainPolicy({
    ...{ method, data, datasetPath: dataPath, directory, seed, signal, versions },
    config: resolveConfig(method, { base, envId: AVOIDING, sets }),
    existing: resuming ? 'resume' : 'refuse',
    backend: await selectBackend('auto', threads === undefined ? {} : { threads }),
    ...(extending !== undefined && { extending }),
  });
  if (!complete) throw stopped(directory);
  return policy;
}

/** Scores the policy of a run folder on rollouts that start as D3IL's do. */
export async function scoreOnAvoiding(
  directory: string,
  { signal }: Pick<ReproductionContext, 'signal'>,
  overrides: Readonly<Record<string, unknown>> = {},
) {
  const { evaluate } = await import('../eval/evaluate.ts');
  return evaluate({
    ...{ runDirectory: directory, envId: AVOIDING, rollouts: ROLLOUTS, seed: EVALUATION_SEED },
    ...{ workers: 2, overrides, signal },
  });
}
