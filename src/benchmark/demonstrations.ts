import { existsSync } from 'node:fs';
import { collect, demonstrationInfo } from '../../demos/collect.ts';
import { createDataset, openDataset } from '../data/store.ts';
import { InterruptedError } from '../errors.ts';
import { demonstrationsFolder, type PlannedTask } from './plan.ts';

/** How the collection of demonstrations is watched and stopped. */
export interface DemonstrationRun {
  readonly signal: AbortSignal;
  readonly onEpisode: (task: string, done: number, total: number) => void;
}

/**
 * Makes sure that the demonstrations of a task are there: collects them, or goes on with an interrupted collection, where the
 * suite names no dataset. All methods and seeds learn from the same ones.
 *
 * @param folder - of the benchmark.
 * @returns the folder of the dataset.
 * @throws InterruptedError when the signal was aborted; DatasetError when the collection was begun otherwise.
 */
export async function prepareDemonstrations(
  folder: string,
  task: PlannedTask,
  { onEpisode, signal }: DemonstrationRun,
): Promise<string> {
  const path = demonstrationsFolder(folder, task);
  const { demonstrations, envId } = task;
  if ('data' in demonstrations) return path;
  const dataset = existsSync(path)
    ? await openDataset(path, { access: 'append' })
    : await createDataset(path, await demonstrationInfo(envId));
  try {
    const report = await collect({
      ...{ envId, ...demonstrations, dataset, signal },
      onEpisode: ({ done, total }) => onEpisode(envId, done, total),
    });
    if (report.interrupted) {
      throw new InterruptedError({
        what: 'The collection of demonstrations was stopped',
        where: path,
        found: `${dataset.length} episodes`,
        remedy: 'the same command with --resume goes on from there',
      });
    }
  } finally {
    await dataset.close();
  }
  return path;
}
