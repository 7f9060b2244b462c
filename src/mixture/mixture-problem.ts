import type { TrainingData } from '../data/training-data.ts';
import { NormalizedData, type Normalizers } from '../training/normalized-data.ts';
import type { ExpertData } from './experts.ts';
import { type CurriculumLevel, cutIntoUnits, unitOfStep } from './units.ts';

/** How the data is cut into units: see {@link cutIntoUnits}. */
export interface UnitPlan {
  readonly level: CurriculumLevel;
  readonly segmentLength: number;
}

/** Training data as a mixture learns from it: normalized, and cut into units. */
export class MixtureProblem extends NormalizedData implements ExpertData {
  readonly unitStarts: Int32Array;
  /** Unit of each step, shape `[N]`. */
  readonly unitOfStep: Int32Array;

  /**
   * @param normalizers - of data that was learned from before; those of this data where left out.
   * @throws DatasetError when the data or an episode is empty, or a value is not finite.
   */
  constructor(data: TrainingData, plan: UnitPlan, normalizers?: Normalizers) {
    super(data, normalizers);
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
}
