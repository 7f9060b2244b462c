import type { Curriculum } from './curriculum.ts';
import { type Schedule, scheduled } from './schedule.ts';

/**
 * The standard deviation of the experts' Gaussians, in standard deviations of the data's actions: fixed, annealed, or
 * that of the residuals (`learned`).
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
  /** N. */
  readonly steps: number;
  /** Da. */
  readonly actionSize: number;
}

/**
 * Finds the standard deviation of an iteration. A learned one is the maximum-likelihood estimate where all data counts
 * alike, σ² = Σ_u Σ_z p(z|u) Σ_steps ‖a − f_z(o)‖² / (N Da), as in expectation maximization: under the joint curriculum,
 * which may hold but the data that is explained best, it would shrink to nothing.
 *
 * @param progress - 0 in the first iteration, 1 in the last.
 */
export function deviationNow(
  width: LikelihoodWidth,
  progress: number,
  { curriculum, logLikelihoods, steps, actionSize }: Residuals,
): number {
  if (width !== 'learned') return scheduled(width, progress);
  let squared = 0;
  // at the reference deviation of 1 a log-likelihood is -½ of the squared residuals
  for (const [i, p] of curriculum.posterior().entries()) squared -= 2 * p * (logLikelihoods[i] as number);
  return Math.max(floor, Math.sqrt(squared / (steps * actionSize)));
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
