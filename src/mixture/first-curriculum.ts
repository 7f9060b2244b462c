import type { AlternatingPlan } from './alternating-plan.ts';
import { Curriculum } from './curriculum.ts';
import { bisectingKMeans } from './k-means.ts';
import { episodeShapes, spreadSeeds } from './spread.ts';
import { startResiduals } from './start-residuals.ts';

/**
 * Makes the curricula under which the experts are trained first, from the paths of the demonstrations alone: `spread` gives every
 * component one of them, far from the others'; `clusters` divides them all, about evenly, by what their starts do not explain. Fixed
 * experts get none, and so do the demonstrations before `firstSeedEpisode`. For `random` starts {@link Curriculum.uniform} is
 * where to begin.
 *
 * @returns curricula of C components, fixed ones first, over all U units.
 */
export function firstCurriculum(
  plan: Pick<AlternatingPlan, 'experts' | 'firstSeedEpisode' | 'form' | 'problem' | 'rng'>,
  initialization: 'spread' | 'clusters',
): Curriculum {
  const { experts, firstSeedEpisode = 0, form, problem, rng } = plan;
  const components = experts.shape.networks;
  const { data, observations, observationSize, units } = problem;
  const shapes = episodeShapes(observations, observationSize, data.episodeStarts);
  const size = shapes.length / (data.episodeStarts.length - 1);
  const paths = shapes.subarray(firstSeedEpisode * size);
  const free = components - experts.fixed;
  const draws = rng.fork('spread');
  if (initialization === 'clusters') {
    const componentOfUnit = new Int32Array(units).fill(-1);
    const residuals = startResiduals(paths, size, observationSize);
    for (const [episode, cluster] of bisectingKMeans(residuals, size, free, draws).entries()) {
      const range = problem.unitsOfEpisode(firstSeedEpisode + episode);
      componentOfUnit.fill(experts.fixed + cluster, ...range);
    }
    return Curriculum.divided(componentOfUnit, components, form);
  }
  const seeds = spreadSeeds(paths, size, free, draws);
  const ranges = seeds.map((seed) => problem.unitsOfEpisode(firstSeedEpisode + seed));
  const none = Array.from({ length: experts.fixed }, () => [0, 0] as const);
  return Curriculum.seeded(units, [...none, ...ranges], form);
}
