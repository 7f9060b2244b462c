import type { TrainingData } from '../data/training-data.ts';
import type { Curriculum } from './curriculum.ts';
import type { ComponentSummary } from './mixture-model.ts';

/**
 * Sums up what every component came to be: its prior, its share of the data, and the mode it mostly holds.
 *
 * @param stepUnits - unit of each step, shape `[N]`.
 * @param posterior - p(z|u), shape `[U, C]`.
 */
export function summarizeComponents(
  data: TrainingData,
  curriculum: Curriculum,
  stepUnits: Int32Array,
  posterior: Float64Array,
): ComponentSummary[] {
  const { components } = curriculum;
  const prior = curriculum.prior();
  const entropies = curriculum.entropies();
  const massPerMode = Array.from({ length: components }, () => new Map<number, number>());
  for (let episode = 0; episode + 1 < data.episodeStarts.length; episode++) {
    const mode = data.modes[episode] as number;
    for (
      let step = data.episodeStarts[episode] as number;
      step < (data.episodeStarts[episode + 1] as number);
      step++
    ) {
      const row = (stepUnits[step] as number) * components;
      for (const [z, mass] of massPerMode.entries()) {
        mass.set(mode, (mass.get(mode) ?? 0) + (posterior[row + z] as number));
      }
    }
  }
  return massPerMode.map((masses, z) => {
    let total = 0;
    let mode = -1;
    for (const [candidate, mass] of masses) {
      total += mass;
      if (mass > (masses.get(mode) ?? Number.NEGATIVE_INFINITY)) mode = candidate;
    }
    return {
      prior: prior[z] as number,
      share: total / stepUnits.length,
      effectiveUnits: Math.exp(entropies[z] as number),
      mode,
      purity: total > 0 ? (masses.get(mode) as number) / total : 0,
    };
  });
}
