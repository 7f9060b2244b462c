import type { TrainingData } from '../data/training-data.ts';
import { NormalizedData, type Normalizers } from '../training/normalized-data.ts';
import type { ExpertData } from './experts.ts';
import { type CurriculumLevel, cutIntoUnits, unitOfStep } from './units.ts';

/** How the data is cut into units: see {@link cutIntoUnits}. */
export interface UnitPlan {
  readonly level: CurriculumLevel;
  readonly segmentLength: number;
}

/** Observations at which a gate is asked, and where each one's target is found. */
export interface GateContexts {
  /** Normalized, row-major, shape `[N, Do]`. */
  readonly observations: Float32Array;
  /** Unit of each, shape `[N]`. */
  readonly unitOfStep: Int32Array;
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

  /** Takes the observations of all steps, or those of the first step of every episode. */
  contexts(which: 'steps' | 'starts'): GateContexts {
    if (which === 'steps') return this;
    const { observationSize: size } = this;
    const starts = this.data.episodeStarts.subarray(0, -1);
    const observations = new Float32Array(starts.length * size);
    for (const [row, step] of starts.entries()) {
      observations.set(this.observations.subarray(step * size, (step + 1) * size), row * size);
    }
    return { observations, unitOfStep: starts.map((step) => this.unitOfStep[step] as number) };
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
