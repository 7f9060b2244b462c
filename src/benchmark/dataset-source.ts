import type { Task } from '../../envs/task.ts';
import { readTrainingData } from '../data/stored-training-data.ts';
import { DatasetError } from '../errors.ts';
import { countModes, digest } from '../policies/train.ts';

/** A dataset that a benchmark learns from, instead of collecting one. */
export interface DatasetSource {
  /** Folder of the dataset. */
  readonly data: string;
  /** Of what is learned from, so that a table never mixes what was in the folder at different times. */
  readonly sha256: string;
}

/**
 * Describes a dataset, and makes sure that policies that learn from it can be scored on a task.
 *
 * @throws DatasetError when it is of another task or of other widths, is empty, or lacks modes although its episodes name some.
 */
export async function describeDataset(
  path: string,
  envId: string,
  task: Pick<Task, 'actionNames' | 'behavior' | 'observationNames'>,
): Promise<DatasetSource> {
  const refuse = (found: string, expected: string, remedy: string) =>
    new DatasetError({
      what: 'The dataset cannot be learned from in this benchmark',
      ...{ where: path, found, expected, remedy },
    });
  const data = await readTrainingData(path);
  if (data.envId !== envId) {
    throw refuse(
      `episodes of ${data.envId}`,
      `episodes of ${envId}`,
      'name the dataset of this task, or leave data away to collect one',
    );
  }
  const [Do, Da] = [task.observationNames.length, task.actionNames.length];
  if (data.observationSize !== Do || data.actionSize !== Da) {
    throw refuse(
      `${data.observationSize} observed numbers and ${data.actionSize} commanded ones a step`,
      `${Do} and ${Da}, as ${envId} has now`,
      'record it again: it was made by another version of the task',
    );
  }
  const counts = countModes(data.modes);
  const empty = task.behavior.modes.filter((_, mode) => !counts[mode]);
  if (counts.length > 0 && empty.length > 0) {
    throw refuse(
      `no episode of ${empty.length} of its ${task.behavior.modes.length} modes: ${empty.join(', ')}`,
      'episodes of every mode: how many of the ways a policy keeps is what is scored',
      'add demonstrations of these modes to the dataset',
    );
  }
  return { data: path, sha256: digest(data) };
}
