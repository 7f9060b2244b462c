import type { TrainingData } from '../data/training-data.ts';
import type { WatchedRun } from '../training/training-run.ts';
import type { AssignmentRule } from './alternating-plan.ts';
import type { ImcConfig } from './imc-config.ts';
import type { MixtureModel } from './mixture-model.ts';
import { trainNetworkMixture } from './network-mixture.ts';
import { curriculumObjective } from './objective.ts';
import { type Schedule, scheduled } from './schedule.ts';

/**
 * Trains a mixture of experts with Information Maximizing Curriculum (arXiv 2303.15349; the updates are those of
 * `Curriculum.update`), then the gate that picks among them when acting.
 *
 * Runs on the active tensor backend. Aborting `run.signal` ends it at the next step: the checkpoint is saved, and
 * the result acts with what the experts have learned, drawn with their shares of the data until a gate is trained.
 *
 * @returns the mixture; `stopped` is `interrupted` when it was aborted.
 * @throws DatasetError when the data is empty or holds a value that is not finite.
 * @throws DivergenceError naming the step, when a loss or likelihood is not finite.
 * @throws CheckpointError when `run.resumeFrom` belongs to other data, another configuration or another seed.
 */
export function trainImc(
  data: TrainingData,
  config: ImcConfig,
  run: WatchedRun<MixtureModel>,
): Promise<MixtureModel> {
  const { auto, components, form } = config;
  const search = components === 'auto' ? auto : undefined;
  return trainNetworkMixture(data, { name: 'imc', config, form, rule: imcRule(config), search }, run);
}

/** Lets every component choose its own data, paced as the configuration says. */
export function imcRule({ activeSamples, eta }: Pick<ImcConfig, 'activeSamples' | 'eta'>): AssignmentRule {
  return curriculumRule(activeSamples === null ? { eta } : { activeSamples });
}

/** A pacing whose numbers may be annealed. */
export type PacingSchedule = { readonly eta: Schedule } | { readonly activeSamples: Schedule };

/** Lets every component choose its own data: `Curriculum.update`; logs the bound, η and the objective. */
export function curriculumRule(pacing: PacingSchedule): AssignmentRule {
  return {
    fitsGateEachIteration: false,
    async update(curriculum, logLikelihoods, { progress }) {
      const { bound, eta } = curriculum.update(
        logLikelihoods,
        'eta' in pacing
          ? { eta: scheduled(pacing.eta, progress) }
          : { activeSamples: scheduled(pacing.activeSamples, progress) },
      );
      const { logWeights, components } = curriculum;
      const objective = curriculumObjective(logWeights, logLikelihoods, components, eta);
      return { eta, bound, objective };
    },
  };
}
