import { readTrainingData } from '../data/stored-training-data.ts';
import { joinTrainingData, type TrainingData } from '../data/training-data.ts';
import { CheckpointError, DatasetError, ModewiseError, UsageError } from '../errors.ts';
import { mergeConfigs } from './config.ts';
import type { Method, PartialConfig } from './method.ts';
import { loadRunRecord, readPolicy } from './run-directory.ts';
import { digest, type PolicyExtension } from './train.ts';

/** An extension as `trainPolicy` takes it. */
export interface PreparedExtension {
  readonly extending: PolicyExtension;
  /** What the run learned from, then what is new. */
  readonly data: TrainingData;
  /** Settings to start from: those of the run, and those that follow from the data. */
  readonly base: PartialConfig;
}

/**
 * Makes ready to extend the policy of a run by new demonstrations. Those it learned from are read again from where
 * `run.json` says they are: the gate is trained on old and new ones.
 *
 * @param directory - of the run to extend.
 * @throws UsageError when the run is another method's, or the method cannot extend.
 * @throws CheckpointError when the run holds no policy, or is damaged.
 * @throws DatasetError when what the run learned from is gone or has changed, or the new demonstrations are of another
 *   task.
 */
export async function prepareExtension(
  method: Method,
  directory: string,
  added: TrainingData,
): Promise<PreparedExtension> {
  const record = loadRunRecord(directory);
  if (method.extension === undefined || record.method !== method.name) {
    throw new UsageError({
      what:
        method.extension === undefined
          ? `The method '${method.name}' cannot extend a policy`
          : `The run to extend was trained by '${record.method}'`,
      where: directory,
      expected: method.extension === undefined ? 'imc' : `a run of '${method.name}'`,
    });
  }
  const policy = readPolicy(directory);
  const datasets = [...(record.extends?.datasets ?? []), record.dataset.path];
  const old = joinTrainingData(await Promise.all(datasets.map((path) => readAgain(path, directory))));
  if (digest(old) !== record.dataset.sha256) {
    throw new DatasetError({
      what: 'The demonstrations that the run learned from have changed',
      where: datasets.join(', '),
      found: `${old.modes.length} episodes`,
      expected: `the ${record.dataset.episodes} that ${directory} was trained on`,
      remedy: 'put them back as they were, or train anew on all demonstrations',
    });
  }
  const learned = old.modes.length;
  const follows = method.extension.settings(policy, { learned, added: added.modes.length });
  if (typeof record.config !== 'object' || record.config === null) {
    throw new CheckpointError({ what: 'The run to extend names no settings', where: directory });
  }
  return {
    extending: { policy, run: directory, datasets, learned },
    data: joinTrainingData([old, added]),
    base: mergeConfigs(record.config as PartialConfig, follows),
  };
}

async function readAgain(path: string, run: string): Promise<TrainingData> {
  try {
    return await readTrainingData(path);
  } catch (cause) {
    if (!(cause instanceof ModewiseError)) throw cause;
    throw new DatasetError(
      {
        what: 'The demonstrations that the run to extend learned from cannot be read',
        where: path,
        found: cause.message,
        expected: `the dataset of ${run}, for its gate and curricula`,
        remedy: 'put the dataset back, and start in the folder that its path is relative to',
      },
      { cause },
    );
  }
}
