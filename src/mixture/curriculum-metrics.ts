import { entropy } from '../entropy.ts';
import type { MetricsRow } from '../training/training-run.ts';
import type { Curriculum } from './curriculum.ts';

/**
 * Measures curricula for the training log: `activeComponents` (those that are the most probable of some unit),
 * `posteriorEntropy` (mean over units, nats), `prior` (p(z)) and `effectiveUnits` (exp(H(p(u|z)))).
 */
export function curriculumMetrics(curriculum: Curriculum): MetricsRow {
  const posterior = curriculum.posterior();
  const { components, units } = curriculum;
  const holders = new Set<number>();
  let posteriorEntropy = 0;
  for (let at = 0; at < posterior.length; at += components) {
    const unit = posterior.subarray(at, at + components);
    posteriorEntropy += entropy(unit) / units;
    holders.add(unit.indexOf(Math.max(...unit)));
  }
  return {
    activeComponents: holders.size,
    posteriorEntropy,
    prior: [...curriculum.prior()],
    effectiveUnits: [...curriculum.effectiveUnits()],
  };
}
