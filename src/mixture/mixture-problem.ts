import { Normalizer } from '../data/normalizer.ts';
import type { TrainingData } from '../data/training-data.ts';
import { DatasetError } from '../errors.ts';
import type { ExpertData } from './experts.ts';
import type { DataScaling } from './mixture-model.ts';
import { type CurriculumLevel, cutIntoUnits, unitOfStep } from './units.ts';

/** How the data is cut into units: see {@link cutIntoUnits}. */
export interface UnitPlan {
  readonly level: CurriculumLevel;
  readonly segmentLength: number;
}

/** Training data as a mixture learns from it: normalized, and cut into units. */
export class MixtureProblem implements ExpertData {
  readonly data: TrainingData;
  readonly observationNormalizer: Normalizer;
  readonly actionNormalizer: Normalizer;
  readonly observations: Float32Array;
  readonly actions: Float32Array;
  readonly observationSize: number;
  readonly actionSize: number;
  readonly unitStarts: Int32Array;
  /** Unit of each step, shape `[N]`. */
  readonly unitOfStep: Int32Array;

  /** @throws DatasetError when the data or an episode is empty, or a value is not finite. */
  constructor(data: TrainingData, plan: UnitPlan) {
    requireSteps(data.episodeStarts);
    this.data = data;
    this.observationSize = data.observationSize;
    this.actionSize = data.actionSize;
    this.observationNormalizer = Normalizer.fit(data.observations, data.observationSize);
    this.actionNormalizer = Normalizer.fit(data.actions, data.actionSize);
    this.observations = this.observationNormalizer.normalize(data.observations);
    this.actions = this.actionNormalizer.normalize(data.actions);
    this.unitStarts = cutIntoUnits(plan.level, data.episodeStarts, plan.segmentLength);
    this.unitOfStep = unitOfStep(this.unitStarts);
  }

  /** U. */
  get units(): number {
    return this.unitStarts.length - 1;
  }

  /** Finds the units of an episode: the first, and the one after the last. */
  unitsOfEpisode(episode: number): readonly [number, number] {
    const { episodeStarts } = this.data;
    const last = (episodeStarts[episode + 1] as number) - 1;
    return [
      this.unitOfStep[episodeStarts[episode] as number] as number,
      (this.unitOfStep[last] as number) + 1,
    ];
  }

  /** Puts together what acting needs to know of the data. */
  scaling(): DataScaling {
    const { low, high } = this.#actionRange();
    return {
      envId: this.data.envId,
      observationNormalizer: this.observationNormalizer.toJSON(),
      actionNormalizer: this.actionNormalizer.toJSON(),
      actionLow: low,
      actionHigh: high,
    };
  }

  #actionRange(): { low: number[]; high: number[] } {
    const { actions, actionSize } = this.data;
    const low = new Array<number>(actionSize).fill(Number.POSITIVE_INFINITY);
    const high = new Array<number>(actionSize).fill(Number.NEGATIVE_INFINITY);
    for (let i = 0; i < actions.length; i++) {
      const d = i % actionSize;
      low[d] = Math.min(low[d] as number, actions[i] as number);
      high[d] = Math.max(high[d] as number, actions[i] as number);
    }
    return { low, high };
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

/** @throws DatasetError when an episode is empty: every expert would explain it perfectly. */
function requireSteps(episodeStarts: Int32Array): void {
  const empty = episodeStarts.findIndex((start, i) => i > 0 && start <= (episodeStarts[i - 1] as number));
  if (empty < 0) return;
  throw new DatasetError({
    what: 'An episode has no steps',
    where: `episode ${empty - 1}`,
    expected: 'at least 1',
  });
}
