import type { Curriculum } from './curriculum.ts';
import { type Schedule, scheduled } from './schedule.ts';

/**
 * The standard deviation of the experts' Gaussians, in standard deviations of the data's actions: fixed, annealed, or
 * that of the residuals under the curricula (`learned`).
 */
export type LikelihoodWidth = Schedule | 'learned';

/** Least learned standard deviation: experts that are exact on what they selected would have none. */
const floor = 1e-3;

/** The standard deviation that experts are built with, and whose log-likelihoods are rescaled where it changes. */
export function referenceDeviation(width: LikelihoodWidth): number {
  return width === 'learned' ? 1 : scheduled(width, 0);
}

/** What {@link deviationNow} is found from. */
export interface Residuals {
  readonly curriculum: Curriculum;
  /** Relative to the density's peak, at the reference deviation, shape `[U, C]`, nats. */
  readonly logLikelihoods: Float64Array;
  /** Shape `[U + 1]`. */
  readonly unitStarts: Int32Array;
  /** Da. */
  readonly actionSize: number;
}

/**
 * Finds the standard deviation of an iteration. A learned one is the maximum-likelihood estimate under the joint
 * curriculum: σ² = Σ_z p(z) Σ_u p(u|z) Σ_steps ‖a − f_z(o)‖² / (Da Σ_z p(z) Σ_u p(u|z) steps(u)).
 *
 * @param progress - 0 in the first iteration, 1 in the last.
 */
export function deviationNow(
  width: LikelihoodWidth,
  progress: number,
  { curriculum, logLikelihoods, unitStarts, actionSize }: Residuals,
): number {
  if (width !== 'learned') return scheduled(width, progress);
  const { components, units } = curriculum;
  const prior = curriculum.prior();
  let squared = 0;
  let count = 0;
  for (let z = 0; z < components; z++) {
    const selection = curriculum.selection(z);
    for (let u = 0; u < units; u++) {
      const mass = (prior[z] as number) * (selection[u] as number);
      if (mass === 0) continue;
      // at the reference deviation of 1 a log-likelihood is -½ of the squared residuals
      squared -= 2 * mass * (logLikelihoods[u * components + z] as number);
      count += mass * ((unitStarts[u + 1] as number) - (unitStarts[u] as number)) * actionSize;
    }
  }
  return Math.max(floor, Math.sqrt(squared / count));
}

/**
 * Brings log-likelihoods, relative to the density's peak, from the reference deviation to another one.
 *
 * @returns the given array itself where nothing changes.
 */
export function atDeviation(
  logLikelihoods: Float64Array,
  width: LikelihoodWidth,
  standardDeviation: number,
): Float64Array {
  const scale = (referenceDeviation(width) / standardDeviation) ** 2;
  return scale === 1 ? logLikelihoods : logLikelihoods.map((value) => value * scale);
}
