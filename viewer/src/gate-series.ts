import type { Frame } from '../../src/stream/frame.ts';

/** Most components that are drawn by themselves; what the others have is drawn as one. */
const MOST_COMPONENTS = 6;

/** The gate of one rollout over an episode, ready to be stacked. */
export interface GateSeries {
  /** Control step of each of the T moments, ascending. */
  readonly steps: readonly number[];
  /** Components that mattered most, by the sum of their probabilities, greatest first. */
  readonly components: readonly number[];
  /** Probability of each of them at each moment, shape `[components][T]`, in 0..1. */
  readonly probabilities: readonly (readonly number[])[];
  /** Component in force at each moment; negative for none. */
  readonly inForce: readonly number[];
}

/**
 * Gathers the gate of a rollout from the frames of its episode, oldest first. Moments of which nothing is known yet, as
 * before the first step, are left out.
 */
export function gateSeries(frames: readonly Frame[], rollout: number): GateSeries {
  const known = frames.filter((frame) => (frame.gateComponent[rollout * frame.gateEntries] ?? -1) >= 0);
  const sums = new Map<number, number>();
  const rows = known.map((frame) => {
    const row = new Map<number, number>();
    for (let k = rollout * frame.gateEntries; k < (rollout + 1) * frame.gateEntries; k++) {
      const component = frame.gateComponent[k] ?? -1;
      if (component < 0) continue;
      const probability = (frame.gateProbability[k] ?? 0) / 255;
      row.set(component, probability);
      sums.set(component, (sums.get(component) ?? 0) + probability);
    }
    return row;
  });
  const components = [...sums]
    .sort(([a, sumA], [b, sumB]) => sumB - sumA || a - b)
    .slice(0, MOST_COMPONENTS)
    .map(([component]) => component);
  return {
    steps: known.map((frame) => frame.step[rollout] ?? 0),
    components,
    probabilities: components.map((component) => rows.map((row) => row.get(component) ?? 0)),
    inForce: known.map((frame) => frame.component[rollout] ?? -1),
  };
}
