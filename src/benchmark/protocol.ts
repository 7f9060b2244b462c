/** How a task is scored, and from how many demonstrations it is learned. */
export interface Protocol {
  /** Rollouts of each context of the task. */
  readonly rolloutsPerContext: number;
  /** Demonstrations of each mode. */
  readonly demonstrationsPerMode: number;
}

/**
 * The protocols of D3IL (`ALRhub/d3il`, scripts and configurations): 1 × 480 for Avoiding from 96 demonstrations, 30 × 16
 * for Pushing from 2000, 60 × 8 for Aligning from 1000, 60 × 8, 18 and 20 for Sorting with 2, 4 and 6 blocks; block
 * pushing from 1000 scripted demonstrations and PushT, 50 starts each (Chi et al. 2023, Diffusion Policy). Where
 * the number of demonstrations is not stated there, it is chosen to be about a thousand.
 */
const protocols: Readonly<Record<string, Protocol>> = {
  'Avoiding-v0': { rolloutsPerContext: 480, demonstrationsPerMode: 4 },
  'Pushing-v0': { rolloutsPerContext: 16, demonstrationsPerMode: 500 },
  'Aligning-v0': { rolloutsPerContext: 8, demonstrationsPerMode: 500 },
  'Sorting2-v0': { rolloutsPerContext: 8, demonstrationsPerMode: 500 },
  'Sorting4-v0': { rolloutsPerContext: 18, demonstrationsPerMode: 160 },
  'Sorting6-v0': { rolloutsPerContext: 20, demonstrationsPerMode: 50 },
  'BlockPush-v0': { rolloutsPerContext: 1, demonstrationsPerMode: 250 },
  'PushT-v0': { rolloutsPerContext: 1, demonstrationsPerMode: 100 },
  'TableTennis-v0': { rolloutsPerContext: 16, demonstrationsPerMode: 200 },
};

/** Rollouts of a task that has no protocol of its own, in all. */
const otherRollouts = 480;

/**
 * Looks up the protocol of a task; one without a protocol of its own gets 480 rollouts, spread over its contexts, and
 * 20 demonstrations of each mode.
 *
 * @param contexts - number of contexts of the task.
 */
export function protocolOf(envId: string, contexts: number): Protocol {
  return (
    protocols[envId] ?? {
      rolloutsPerContext: Math.ceil(otherRollouts / contexts),
      demonstrationsPerMode: 20,
    }
  );
}
