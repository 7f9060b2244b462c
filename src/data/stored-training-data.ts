import { openDataset } from './store.ts';
import { loadTrainingData, type TrainingData } from './training-data.ts';

/**
 * Opens a dataset, reads all that policies learn from, and closes it.
 *
 * @param path - folder of the dataset.
 * @throws DatasetError when there is none, or as {@link loadTrainingData}.
 */
export async function readTrainingData(path: string): Promise<TrainingData> {
  const dataset = await openDataset(path, { access: 'read' });
  try {
    return await loadTrainingData(dataset);
  } finally {
    await dataset.close();
  }
}
