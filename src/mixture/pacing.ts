import { logSumExp } from './log-space.ts';

/**
 * How sharply curricula select: by the temperature η itself, or by the share of active samples from which η
 * follows anew at each iteration.
 */
export type Pacing = { readonly eta: number } | { readonly activeSamples: number };

const smallestEta = 1e-6;
const largestEta = 1e12;

/**
 * Measures what share of the samples stays active at a pacing: exp(-Σ_z ρ_z KL(p(·|z) ‖ q̂(·|z))), with
 * p(u|z) ∝ q̂(u|z) exp(log p_θz(u) / η), q̂(·|z) the posterior normalized over the units and ρ_z the mass of
 * component z under the posterior. A curriculum uniform over a share A of its units measures A; the value grows
 * monotonically with η, which the plain effective count exp(H(p(u|z))) does not.
 */
export function activeSampleShare(
  eta: number,
  logLikelihoods: Float64Array,
  logPosterior: Float64Array,
  components: number,
): number {
  const units = logPosterior.length / components;
  const tilted = new Float64Array(units);
  let divergence = 0;
  for (let z = 0; z < components; z++) {
    const logMass = logSumExp(logPosterior, z, units, components);
    if (logMass === -Infinity) continue;
    for (let u = 0, i = z; u < units; u++, i += components) {
      tilted[u] = (logLikelihoods[i] as number) / eta + (logPosterior[i] as number);
    }
    const logTotal = logSumExp(tilted);
    let expected = 0;
    for (let u = 0, i = z; u < units; u++, i += components) {
      const p = Math.exp((tilted[u] as number) - logTotal);
      if (p > 0) expected += (p * (logLikelihoods[i] as number)) / eta;
    }
    // KL(p ‖ q̂) = E_p[ll / η] - log Σ q̂ exp(ll / η)
    divergence += (Math.exp(logMass) / units) * Math.max(0, expected - (logTotal - logMass));
  }
  return Math.exp(-divergence);
}

/**
 * Finds the pacing η: the given one, or by bisection on log η the one that leaves the wanted share of samples
 * active (within 1e-9 in log η, or at the end of the range [1e-6, 1e12] that comes nearest).
 *
 * @param logLikelihoods - shape `[U, C]`, in nats.
 * @param logPosterior - log q(z|u), shape `[U, C]`.
 */
export function pacedEta(
  pacing: Pacing,
  logLikelihoods: Float64Array,
  logPosterior: Float64Array,
  components: number,
): number {
  if ('eta' in pacing) return pacing.eta;
  let low = Math.log(smallestEta);
  let high = Math.log(largestEta);
  while (high - low > 1e-9) {
    const middle = 0.5 * (low + high);
    const share = activeSampleShare(Math.exp(middle), logLikelihoods, logPosterior, components);
    if (share < pacing.activeSamples) low = middle;
    else high = middle;
  }
  return Math.exp(high);
}
