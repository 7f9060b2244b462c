import { entropy } from '../entropy.ts';

/**
 * Scores of multimodal behaviour, after D3IL (Jia et al., "Towards Diverse Behaviors", ICLR 2024): K is the number of
 * modes of a task, `counts` the number of successful rollouts per mode, shape `[K]`.
 */

function sum(counts: ArrayLike<number>): number {
  let total = 0;
  for (let i = 0; i < counts.length; i++) total += counts[i] ?? 0;
  return total;
}

/**
 * Computes the behavior entropy `-Σ π(β) log_K π(β)` of the empirical mode distribution of successful rollouts.
 *
 * @param counts - successful rollouts per mode, shape `[K]`.
 * @returns a number in [0, 1]: 0 when nothing succeeded, when one mode holds everything, or when K is 1.
 */
export function behaviorEntropy(counts: ArrayLike<number>): number {
  const total = sum(counts);
  const modes = counts.length;
  if (total === 0 || modes < 2) return 0;
  const frequencies = Array.from(counts, (count) => count / total);
  // rounding can leave -0 or 1 + 1e-16
  return Math.min(1, Math.max(0, entropy(frequencies) / Math.log(modes)));
}

/**
 * Computes the expected plug-in entropy of a perfectly uniform policy over K modes when n rollouts succeed:
 * `E[H] = K Σ_{k=1..n} Binom(k; n, 1/K) · (-(k/n) log_K (k/n))`. No policy can be expected to score above it.
 *
 * @param successes - n.
 * @param modes - K.
 * @returns a number in [0, 1]; 0 when n is 0 or K is 1.
 */
export function entropyCeiling(successes: number, modes: number): number {
  if (successes < 1 || modes < 2) return 0;
  const logOdds = -Math.log(modes - 1);
  const logModes = Math.log(modes);
  // log Binom(k; n, 1/K) by its recurrence in k: exact to rounding and free of overflow
  let logProbability = successes * Math.log(1 - 1 / modes);
  let expected = 0;
  for (let k = 1; k <= successes; k++) {
    logProbability += Math.log((successes - k + 1) / k) + logOdds;
    const share = k / successes;
    expected -= Math.exp(logProbability) * share * (Math.log(share) / logModes);
  }
  return Math.min(1, modes * expected);
}

/** Entropy given the start, over the contexts of an evaluation. */
export interface ConditionalEntropy {
  /** Mean over contexts of the entropy of that context's successful rollouts. */
  readonly value: number;
  /** The same mean for a policy that is uniform in every context and succeeds as often: see {@link entropyCeiling}. */
  readonly ceiling: number;
  /** Number of contexts without a single success; each counts as entropy 0. */
  readonly zeroSuccessContexts: number;
}

/**
 * Averages the behavior entropy over contexts. A context without a success counts as 0 (D3IL's rule in Pushing and
 * Aligning; its Sorting and Stacking drop such contexts, which rewards failing). With one context this is
 * {@link behaviorEntropy} itself.
 *
 * @param countsByContext - successful rollouts per context and mode, shape `[contexts, K]`.
 */
export function conditionalEntropy(countsByContext: readonly ArrayLike<number>[]): ConditionalEntropy {
  let value = 0;
  let ceiling = 0;
  let zeroSuccessContexts = 0;
  for (const counts of countsByContext) {
    const successes = sum(counts);
    if (successes === 0) zeroSuccessContexts++;
    value += behaviorEntropy(counts);
    ceiling += entropyCeiling(successes, counts.length);
  }
  const contexts = Math.max(1, countsByContext.length);
  return { value: value / contexts, ceiling: ceiling / contexts, zeroSuccessContexts };
}

/**
 * Computes the divergence `Σ π(β) [log_K π(β) - log_K p(β)]` of the policy's modes from those of the demonstrations.
 * With uniform demonstrations it equals one minus the entropy.
 *
 * @param counts - successful rollouts per mode, shape `[K]`.
 * @param demonstrations - demonstrations per mode, shape `[K]`.
 * @returns null when there is nothing to compare (no success, no demonstration); infinity when the policy solves the
 * task in a way that was never demonstrated.
 */
export function klToDemonstrations(
  counts: ArrayLike<number>,
  demonstrations: ArrayLike<number>,
): number | null {
  const total = sum(counts);
  const demonstrated = sum(demonstrations);
  if (total === 0 || demonstrated === 0 || counts.length < 2) return null;
  let divergence = 0;
  for (let i = 0; i < counts.length; i++) {
    const policy = (counts[i] ?? 0) / total;
    if (policy > 0)
      divergence += policy * (Math.log(policy) - Math.log((demonstrations[i] ?? 0) / demonstrated));
  }
  return Math.max(0, divergence / Math.log(counts.length));
}
