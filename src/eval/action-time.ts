import type { Policy } from '../policies/policy.ts';

/** Actions timed together: a whole number of the plans of policies that act in chunks. */
const ACTIONS_PER_BLOCK = 240;
/** The first actions are slower, until the code that they run has been compiled, milliseconds. */
const WARM_UP_MS = 400;
/** No further block is begun after this, milliseconds. */
const MEASURED_MS = 400;

/**
 * Measures what one action of one episode costs on the calling thread: the median over blocks of 240 actions, after a
 * warm-up. A policy that plans several actions at a time pays for its plans within each block.
 *
 * @param policy - is reset.
 * @param observation - what it sees at every step, shape `[Do]`.
 * @param clock - monotonic time, milliseconds.
 * @returns milliseconds per action.
 */
export function timeActions(policy: Policy, observation: Float32Array, clock: () => number): number {
  policy.reset([0]);
  const block = () => {
    const start = clock();
    for (let i = 0; i < ACTIONS_PER_BLOCK; i++) policy.act(observation);
    return (clock() - start) / ACTIONS_PER_BLOCK;
  };
  const begun = clock();
  do block();
  while (clock() - begun < WARM_UP_MS);
  const warm = clock();
  const durations: number[] = [];
  do durations.push(block());
  while (clock() - warm < MEASURED_MS);
  durations.sort((a, b) => a - b);
  return durations[durations.length >> 1] as number;
}
