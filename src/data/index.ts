export type { ColumnSpec, Dataset, DatasetInfo } from './dataset.ts';
export type { Episode, Provenance } from './episode.ts';
export { type ColumnSummary, type DatasetSummary, inspectDataset, type ModeSummary } from './inspect.ts';
export { Normalizer, type NormalizerJson } from './normalizer.ts';
export { type RepairReport, repairDataset, type SalvageReport, salvageDataset } from './repair.ts';
export { createDataset, openDataset } from './store.ts';
export { loadTrainingData, selectEpisodes, type TrainingData } from './training-data.ts';
export { type ValidationReport, validateDataset } from './validate.ts';
