import type { RolloutId } from './rollout.ts';

/**
 * Spreads rollouts over the contexts of a task: every context gets the same number, and what is left over goes to
 * the first ones. None is dropped.
 *
 * @param contexts - number of contexts, at least 1.
 * @param rollouts - number of episodes in all.
 * @returns the episodes in the order of their rows: by context, then by rollout.
 */
export function planRollouts(contexts: number, rollouts: number): readonly RolloutId[] {
  const plan: RolloutId[] = [];
  for (let context = 0; context < contexts; context++) {
    const share = Math.floor(rollouts / contexts) + (context < rollouts % contexts ? 1 : 0);
    for (let rollout = 0; rollout < share; rollout++) plan.push({ context, rollout });
  }
  return plan;
}
