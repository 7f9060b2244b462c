import { entropy } from '../entropy.ts';
import type { CurriculaSnapshot, MetricsRow } from '../training/training-run.ts';
import type { Curriculum } from './curriculum.ts';
import type { HeldOut } from './held-out.ts';
import type { MixtureProblem } from './mixture-problem.ts';

/**
 * Measures curricula for the training log. Of each component: `prior` p(z), `effectiveUnits` exp(H(p(u|z))),
 * `curriculumEntropy` H(p(u|z)) and `shares`, its mean responsibility p(z|u). Of all: `activeComponents`, those that are
 * the most probable of some unit; `posteriorEntropy`, the mean of H(p(z|u)) over the units; `gateTargetEntropy`, the same
 * over the steps of the data, which is what a gate is fitted to; `shareEntropy`, the entropy of the shares. Entropies in
 * nats. A gate fitted to these curricula has a mean entropy from `gateTargetEntropy` on, where the observation says all.
 */
export function curriculumMetrics(
  curriculum: Curriculum,
  { unitStarts }: Pick<MixtureProblem, 'unitStarts'>,
): MetricsRow {
  const posterior = curriculum.posterior();
  const { components, units } = curriculum;
  const steps = unitStarts[units] as number;
  const holders = new Set<number>();
  const shares = new Float64Array(components);
  let posteriorEntropy = 0;
  let gateTargetEntropy = 0;
  for (let at = 0, index = 0; index < units; at += components, index++) {
    const unit = posterior.subarray(at, at + components);
    const length = (unitStarts[index + 1] as number) - (unitStarts[index] as number);
    const uncertainty = entropy(unit);
    posteriorEntropy += uncertainty / units;
    gateTargetEntropy += (uncertainty * length) / steps;
    let largest = 0;
    for (let z = 0; z < components; z++) {
      shares[z] = (shares[z] as number) + (unit[z] as number) / units;
      if ((unit[z] as number) > (unit[largest] as number)) largest = z;
    }
    holders.add(largest);
  }
  const entropies = curriculum.entropies();
  return {
    activeComponents: holders.size,
    posteriorEntropy,
    gateTargetEntropy,
    shareEntropy: entropy(shares),
    prior: [...curriculum.prior()],
    shares: [...shares],
    effectiveUnits: entropies.map(Math.exp),
    curriculumEntropy: entropies,
  };
}

/**
 * Puts a snapshot of some demonstrations among all: those that are held out are in no curriculum, and no component is responsible
 * for them.
 *
 * @param heldOut - which of all demonstrations the snapshot is of, and how many there are.
 */
export function amongAllEpisodes(
  snapshot: CurriculaSnapshot,
  { episodes, learned }: Pick<HeldOut, 'episodes' | 'learned'>,
): CurriculaSnapshot {
  const { components } = snapshot;
  const curricula = new Float32Array(components * episodes);
  const responsibilities = new Float32Array(episodes * components);
  for (const [i, episode] of learned.entries()) {
    for (let z = 0; z < components; z++) {
      curricula[z * episodes + episode] = snapshot.curricula[z * learned.length + i] as number;
      responsibilities[episode * components + z] = snapshot.responsibilities[i * components + z] as number;
    }
  }
  return { ...snapshot, episodes, curricula, responsibilities };
}

/**
 * Sums curricula up by demonstration: the steps of a unit weigh the same.
 *
 * @param names - what the components are called, shape `[C]`.
 */
export function curriculaSnapshot(
  curriculum: Curriculum,
  { data, units, unitStarts }: Pick<MixtureProblem, 'data' | 'units' | 'unitStarts'>,
  iteration: number,
  names: readonly number[],
): CurriculaSnapshot {
  const { components } = curriculum;
  const { episodeStarts } = data;
  const episodes = episodeStarts.length - 1;
  const curricula = new Float32Array(components * episodes);
  const responsibilities = new Float32Array(episodes * components);
  const posterior = curriculum.posterior();
  const selections = Array.from({ length: components }, (_, z) => curriculum.selection(z));
  for (let unit = 0, episode = 0; unit < units; unit++) {
    const first = unitStarts[unit] as number;
    // no unit crosses the end of an episode
    while (first >= (episodeStarts[episode + 1] as number)) episode++;
    const length = (episodeStarts[episode + 1] as number) - (episodeStarts[episode] as number);
    const share = ((unitStarts[unit + 1] as number) - first) / length;
    for (let z = 0; z < components; z++) {
      const held = z * episodes + episode;
      curricula[held] = (curricula[held] as number) + (selections[z]?.[unit] as number);
      const at = episode * components + z;
      responsibilities[at] =
        (responsibilities[at] as number) + share * (posterior[unit * components + z] as number);
    }
  }
  return {
    ...{ iteration, components, episodes, names, curricula, responsibilities },
    prior: Float32Array.from(curriculum.prior()),
  };
}
