import { columnLogSumExp, logSumExp } from './log-space.ts';

/**
 * Computes the objective that the curricula maximize, J = E_p(u,z)[log p_θz(u)] + η H(p(u)): how well each
 * component explains what it selected, plus the entropy of what all of them together select (arXiv 2303.15349).
 * The bound of `Curriculum.update` never exceeds it, and equals it right after the E-step.
 *
 * @param logWeights - log p̃(u|z), shape `[U, C]`.
 * @param logLikelihoods - shape `[U, C]`, in nats.
 * @returns J in nats.
 */
export function curriculumObjective(
  logWeights: Float64Array,
  logLikelihoods: Float64Array,
  components: number,
  eta: number,
): number {
  const logTotal = logSumExp(columnLogSumExp(logWeights, components));
  let fit = 0;
  let entropy = 0;
  for (let row = 0; row < logWeights.length; row += components) {
    let unitMass = 0;
    for (let i = row; i < row + components; i++) {
      const p = Math.exp((logWeights[i] as number) - logTotal);
      if (p === 0) continue;
      unitMass += p;
      fit += p * (logLikelihoods[i] as number);
    }
    if (unitMass > 0) entropy -= unitMass * Math.log(unitMass);
  }
  return fit + eta * entropy;
}
