export type { ColumnSpec, Dataset, DatasetInfo } from './dataset.ts';
export type { Episode, Provenance } from './episode.ts';
export { Normalizer, type NormalizerJson } from './normalizer.ts';
export { createDataset, openDataset } from './store.ts';
export { loadTrainingData, selectEpisodes, type TrainingData } from './training-data.ts';
