import type { ColumnSpec } from '../dataset.ts';

/** One entry of `features` in `info.json`. */
export interface Feature {
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly names: readonly string[] | null;
}

/** The columns that LeRobot adds to every dataset, each one number per frame. */
export const AUTOMATIC_FEATURES: Readonly<Record<string, Feature>> = {
  timestamp: { dtype: 'float32', shape: [1], names: null },
  frame_index: { dtype: 'int64', shape: [1], names: null },
  episode_index: { dtype: 'int64', shape: [1], names: null },
  index: { dtype: 'int64', shape: [1], names: null },
  task_index: { dtype: 'int64', shape: [1], names: null },
};

/** LeRobot stores these as booleans; an episode holds them as 0 and 1. */
const BOOLEAN_COLUMNS: ReadonlySet<string> = new Set(['next.done', 'next.success', 'next.truncated']);

/** Says whether a column is stored as booleans. */
export function isBooleanColumn(name: string): boolean {
  return BOOLEAN_COLUMNS.has(name);
}

/** Describes a dataset's columns as `features` of `info.json`, the automatic ones last. */
export function featuresOf(columns: Readonly<Record<string, ColumnSpec>>): Record<string, Feature> {
  const features: Record<string, Feature> = {};
  for (const [name, { width, names }] of Object.entries(columns)) {
    features[name] = {
      dtype: isBooleanColumn(name) ? 'bool' : 'float32',
      shape: [width],
      names: names.length === width ? [...names] : null,
    };
  }
  return { ...features, ...AUTOMATIC_FEATURES };
}

/**
 * Writes the features as the Hugging Face `datasets` library stores them in the parquet key `huggingface`:
 * shape (1,) is a scalar, a longer vector a list of fixed length.
 */
export function huggingFaceMetadata(features: Readonly<Record<string, Feature>>): string {
  const entries = Object.entries(features).map(([name, { dtype, shape }]) => {
    const value = { dtype, _type: 'Value' };
    return [name, shape[0] === 1 ? value : { feature: value, length: shape[0], _type: 'List' }];
  });
  return JSON.stringify({ info: { features: Object.fromEntries(entries) } });
}
