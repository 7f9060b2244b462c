import type { Frame } from './frame.ts';

/** Writes the state of all rollouts as lists of plain numbers, which stock clients can plot. */
export function rolloutStates(frame: Frame): object {
  const { gateEntries, rollouts } = frame;
  const perRollout = (values: ArrayLike<number>) =>
    Array.from({ length: rollouts }, (_, i) =>
      Array.from({ length: gateEntries }, (_, k) => values[i * gateEntries + k] ?? 0),
    );
  return {
    timeSeconds: frame.timeSeconds,
    episode: [...frame.episode],
    seed: [...frame.seed],
    context: [...frame.context],
    step: [...frame.step],
    mode: [...frame.mode],
    component: [...frame.component],
    status: [...frame.status],
    gateComponent: perRollout(frame.gateComponent),
    // three digits are all that 8 bits hold
    gateProbability: perRollout(Array.from(frame.gateProbability, (byte) => Math.round(byte / 0.255) / 1000)),
  };
}
