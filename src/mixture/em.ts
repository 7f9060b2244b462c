import type { TrainingData } from '../data/training-data.ts';
import type { WatchedRun } from '../training/training-run.ts';
import type { AssignmentRule } from './alternating-plan.ts';
import type { EmConfig } from './em-config.ts';
import type { MixtureModel } from './mixture-model.ts';
import { trainNetworkMixture } from './network-mixture.ts';

/**
 * Trains a mixture of experts by expectation maximization, in the textbook form (Jordan and Jacobs 1994) or in the
 * one of the baseline in ALRhub/imc; they differ in {@link textbookRule} and {@link releasedRule}.
 *
 * Runs on the active tensor backend. Aborting `run.signal` ends it at the next step, with a mixture that acts.
 *
 * @throws DatasetError when the data is empty or holds a value that is not finite.
 * @throws DivergenceError naming the step, when a loss or likelihood is not finite.
 * @throws CheckpointError when `run.resumeFrom` belongs to other data, another configuration or another seed.
 */
export function trainEm(
  data: TrainingData,
  config: EmConfig,
  run: WatchedRun<MixtureModel>,
): Promise<MixtureModel> {
  const rule = config.form === 'textbook' ? textbookRule : releasedRule;
  return trainNetworkMixture(data, { name: 'em', config, form: 'paper', rule }, run);
}

/**
 * r(z|n) ∝ g(z|o_n) p_θz(a_n|o_n), with the gate fitted to r in every iteration: with exact M-steps the logged
 * bound, Σ_n log Σ_z g(z|o_n) p_θz(a_n|o_n), never decreases. Densities are relative to their peak.
 */
export const textbookRule: AssignmentRule = {
  fitsGateEachIteration: true,
  async update(curriculum, logLikelihoods, { gate }) {
    return { bound: curriculum.updateByResponsibility(logLikelihoods, await gate.logProbabilities()) };
  },
};

/**
 * log r(z|u) ← normalized over z: log p_θz(u) + log r(z|u) before, from a uniform start. The responsibilities before
 * take the gate's place, so that r hardens from one iteration to the next.
 */
export const releasedRule: AssignmentRule = {
  fitsGateEachIteration: false,
  async update(curriculum, logLikelihoods) {
    return { bound: curriculum.updateByResponsibility(logLikelihoods) };
  },
};
