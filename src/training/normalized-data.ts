import { Normalizer, type NormalizerJson } from '../data/normalizer.ts';
import type { TrainingData } from '../data/training-data.ts';
import { DatasetError } from '../errors.ts';

/** What acting needs to know of the data that was learned from. */
export interface DataScaling {
  readonly envId: string;
  readonly observationNormalizer: NormalizerJson;
  readonly actionNormalizer: NormalizerJson;
  /** Least and greatest demonstrated action per dimension, raw, shape `[Da]`: actions are kept within. */
  readonly actionLow: readonly number[];
  readonly actionHigh: readonly number[];
}

/** The scales of observations and actions. */
export interface Normalizers {
  readonly observations: Normalizer;
  readonly actions: Normalizer;
}

/** Training data as every training sees it: each dimension with mean 0 and standard deviation 1. */
export class NormalizedData {
  readonly data: TrainingData;
  readonly observationNormalizer: Normalizer;
  readonly actionNormalizer: Normalizer;
  /** Normalized, row-major, shape `[N, Do]`. */
  readonly observations: Float32Array;
  /** Normalized, row-major, shape `[N, Da]`. */
  readonly actions: Float32Array;
  readonly observationSize: number;
  readonly actionSize: number;

  /**
   * @param normalizers - of data that was learned from before; those of this data where left out.
   * @throws DatasetError when the data or an episode is empty, or a value is not finite.
   */
  constructor(data: TrainingData, normalizers?: Normalizers) {
    requireSteps(data.episodeStarts);
    this.data = data;
    this.observationSize = data.observationSize;
    this.actionSize = data.actionSize;
    // fitted in any case: that is what looks for values that are not finite
    const observations = Normalizer.fit(data.observations, data.observationSize);
    const actions = Normalizer.fit(data.actions, data.actionSize);
    this.observationNormalizer = normalizers?.observations ?? observations;
    this.actionNormalizer = normalizers?.actions ?? actions;
    this.observations = this.observationNormalizer.normalize(data.observations);
    this.actions = this.actionNormalizer.normalize(data.actions);
  }

  /** Puts together what acting needs to know of the data. */
  scaling(): DataScaling {
    const { low, high } = actionRange(this.data);
    return {
      envId: this.data.envId,
      observationNormalizer: this.observationNormalizer.toJSON(),
      actionNormalizer: this.actionNormalizer.toJSON(),
      actionLow: low,
      actionHigh: high,
    };
  }

  /** Tells this data from other data: lengths and FNV-1a hashes of what is learned from. */
  fingerprint(): string[] {
    const { observations, actions, episodeStarts } = this.data;
    return [observations, actions, episodeStarts].map((array) => {
      const bytes = new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
      let hash = 0x811c9dc5;
      for (let i = 0; i < bytes.length; i++) hash = Math.imul(hash ^ (bytes[i] as number), 0x01000193);
      return `${array.length}:${(hash >>> 0).toString(16)}`;
    });
  }
}

/** Finds the least and the greatest action per dimension, shape `[Da]` each. */
export function actionRange({ actions, actionSize }: Pick<TrainingData, 'actions' | 'actionSize'>): {
  low: number[];
  high: number[];
} {
  const low = new Array<number>(actionSize).fill(Number.POSITIVE_INFINITY);
  const high = new Array<number>(actionSize).fill(Number.NEGATIVE_INFINITY);
  for (let i = 0; i < actions.length; i++) {
    const d = i % actionSize;
    low[d] = Math.min(low[d] as number, actions[i] as number);
    high[d] = Math.max(high[d] as number, actions[i] as number);
  }
  return { low, high };
}

/** @throws DatasetError when an episode is empty: it would be explained perfectly by anything. */
function requireSteps(episodeStarts: Int32Array): void {
  const empty = episodeStarts.findIndex((start, i) => i > 0 && start <= (episodeStarts[i - 1] as number));
  if (empty < 0) return;
  throw new DatasetError({
    what: 'An episode has no steps',
    where: `episode ${empty - 1}`,
    expected: 'at least 1',
  });
}
