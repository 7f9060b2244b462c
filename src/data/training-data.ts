import { DatasetError } from '../errors.ts';
import type { Dataset } from './dataset.ts';

/** The frames of E episodes laid end to end, as learners read them: N frames in all. */
export interface TrainingData {
  /** What the policy saw before acting, row-major, shape [N, Do]. */
  readonly observations: Float32Array;
  /** What was done, row-major, shape [N, Da]. */
  readonly actions: Float32Array;
  /** Do. */
  readonly observationSize: number;
  /** Da. */
  readonly actionSize: number;
  /** First frame of each episode, and N at the end: shape [E+1]. */
  readonly episodeStarts: Int32Array;
  /** Mode of each episode, -1 where it has none: shape [E]. */
  readonly modes: Int32Array;
  readonly envId: string;
}

/** Reads one column's width, refusing a dataset that lacks it. */
function widthOf(dataset: Dataset, column: string): number {
  const spec = dataset.info.columns[column];
  if (spec !== undefined) return spec.width;
  throw new DatasetError({
    what: `the dataset has no column '${column}' to learn from`,
    where: dataset.path,
    found: Object.keys(dataset.info.columns).join(', '),
    expected: "columns 'observation.state' and 'action'",
  });
}

/**
 * Reads the observations and actions of a whole dataset, or of some of its episodes, into memory.
 *
 * @param dataset - borrowed: it stays open.
 * @param episodes - indices of the episodes to read, in the order wanted; all when absent.
 * @throws DatasetError when the dataset is empty, lacks a column, or an episode is damaged; RangeError for an
 *   episode index outside the dataset.
 *
 * @example
 * const dataset = await openDataset('demos/avoiding', { access: 'read' });
 * const data = await loadTrainingData(dataset);
 */
export async function loadTrainingData(
  dataset: Dataset,
  episodes: readonly number[] = Array.from({ length: dataset.length }, (_, index) => index),
): Promise<TrainingData> {
  const observationSize = widthOf(dataset, 'observation.state');
  const actionSize = widthOf(dataset, 'action');
  if (episodes.length === 0) {
    throw new DatasetError({
      what: 'there is nothing to learn from: no episode',
      where: dataset.path,
      remedy: 'collect demonstrations first',
    });
  }
  const modes = new Int32Array(episodes.length);
  const episodeStarts = new Int32Array(episodes.length + 1);
  const observations: Float32Array[] = [];
  const actions: Float32Array[] = [];
  for (const [position, index] of episodes.entries()) {
    const episode = await dataset.episode(index);
    modes[position] = episode.mode ?? -1;
    episodeStarts[position + 1] = episodeStarts[position]! + episode.length;
    observations.push(episode.columns['observation.state']!);
    actions.push(episode.columns.action!);
  }
  return {
    observations: concatenate(observations),
    actions: concatenate(actions),
    observationSize,
    actionSize,
    episodeStarts,
    modes,
    envId: dataset.info.envId,
  };
}

/**
 * Copies some episodes out of training data: a split, a fold, or one episode per mode.
 *
 * @param episodes - indices into the E episodes of `data`, in the order wanted; an episode may occur twice.
 * @throws RangeError for an index outside 0 .. E-1.
 */
export function selectEpisodes(data: TrainingData, episodes: readonly number[]): TrainingData {
  const episodeStarts = new Int32Array(episodes.length + 1);
  const modes = new Int32Array(episodes.length);
  const observations: Float32Array[] = [];
  const actions: Float32Array[] = [];
  for (const [position, index] of episodes.entries()) {
    const mode = Number.isInteger(index) ? data.modes[index] : undefined;
    if (mode === undefined) {
      throw new RangeError(`episode ${index} is not one of the ${data.modes.length} in the training data`);
    }
    const start = data.episodeStarts[index]!;
    const end = data.episodeStarts[index + 1]!;
    modes[position] = mode;
    episodeStarts[position + 1] = episodeStarts[position]! + end - start;
    observations.push(data.observations.subarray(start * data.observationSize, end * data.observationSize));
    actions.push(data.actions.subarray(start * data.actionSize, end * data.actionSize));
  }
  return {
    ...data,
    observations: concatenate(observations),
    actions: concatenate(actions),
    episodeStarts,
    modes,
  };
}

/**
 * Lays training data end to end.
 *
 * @param parts - at least one.
 * @throws DatasetError when they are of different environments, or differ in the size of observations or actions.
 */
export function joinTrainingData(parts: readonly TrainingData[]): TrainingData {
  const [first, ...others] = parts as [TrainingData, ...TrainingData[]];
  const describe = ({ actionSize, envId, observationSize }: TrainingData) =>
    `${envId} with observations of ${observationSize} and actions of ${actionSize}`;
  for (const other of others) {
    if (describe(other) === describe(first)) continue;
    throw new DatasetError({
      what: 'Demonstrations of different tasks cannot be learned together',
      found: describe(other),
      expected: describe(first),
    });
  }
  const episodeStarts = [0];
  const modes: number[] = [];
  for (const part of parts) {
    const offset = episodeStarts.at(-1) as number;
    for (const start of part.episodeStarts.subarray(1)) episodeStarts.push(offset + start);
    modes.push(...part.modes);
  }
  return {
    ...first,
    observations: concatenate(parts.map((part) => part.observations)),
    actions: concatenate(parts.map((part) => part.actions)),
    episodeStarts: Int32Array.from(episodeStarts),
    modes: Int32Array.from(modes),
  };
}

function concatenate(parts: readonly Float32Array[]): Float32Array {
  const whole = new Float32Array(parts.reduce((total, part) => total + part.length, 0));
  let offset = 0;
  for (const part of parts) {
    whole.set(part, offset);
    offset += part.length;
  }
  return whole;
}
