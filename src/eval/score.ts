import { behaviorEntropy, conditionalEntropy, klToDemonstrations } from './metrics.ts';
import type { EpisodeRow } from './rollout.ts';
import { type Proportion, wilson } from './wilson.ts';

/** The scores of a set of episodes. */
export interface Score {
  readonly rollouts: number;
  /** Success rate over all rollouts with its Wilson 95 % interval. */
  readonly success: Proportion;
  /**
   * Entropy (base: number of modes) of the modes of successful rollouts given the context, averaged over contexts;
   * `ceiling` is what a perfectly uniform policy can be expected to score with as many successes.
   */
  readonly entropy: { readonly value: number; readonly ceiling: number };
  readonly modes: {
    /** Modes that at least one rollout solved the task in. */
    readonly covered: number;
    readonly total: number;
    /** Successful rollouts per mode, in mode order. */
    readonly counts: readonly number[];
    readonly names: readonly string[];
  };
  /** Success rate times entropy. */
  readonly successTimesEntropy: number;
  /** Divergence from the demonstrated modes, base: number of modes; null when unknown, undefined or infinite. */
  readonly klToDemonstrations: number | null;
  /** Entropy of all successful rollouts together, whatever their context. */
  readonly marginalEntropy: number;
  readonly contexts: { readonly total: number; readonly zeroSuccess: number };
  readonly successesWithoutMode: number;
  /** Rollouts that the time limit ended. */
  readonly truncated: number;
  /** Mean distance to the goal at the end over all rollouts, metres. */
  readonly meanDistance: number;
  /** Mean number of control steps over all rollouts. */
  readonly meanSteps: number;
  /** Means over all rollouts of what else the task measures, by name; empty where it measures nothing else. */
  readonly metrics: Readonly<Record<string, number>>;
  /** Rollouts by the first component they acted with: `[component, rollouts]`, most used first. */
  readonly components: readonly (readonly [number, number])[];
}

function mean(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0) / Math.max(1, values.length);
}

function countFirstComponents(rows: readonly EpisodeRow[]): readonly (readonly [number, number])[] {
  const counts = new Map<number, number>();
  for (const row of rows) {
    const first = row.components[0];
    if (first !== undefined) counts.set(first, (counts.get(first) ?? 0) + 1);
  }
  return [...counts].sort((a, b) => b[1] - a[1] || a[0] - b[0]);
}

function meanMetrics(rows: readonly EpisodeRow[]): Readonly<Record<string, number>> {
  const names = Object.keys(rows[0]?.metrics ?? {});
  return Object.fromEntries(names.map((name) => [name, mean(rows.map((row) => row.metrics?.[name] ?? 0))]));
}

/**
 * Scores finished episodes; the order of the rows does not matter.
 *
 * @param rows - one per episode.
 * @param modeNames - names of the task's modes, in mode order.
 * @param demonstrations - demonstrations per mode, where they are known.
 */
export function scoreRows(
  rows: readonly EpisodeRow[],
  modeNames: readonly string[],
  demonstrations?: readonly number[],
): Score {
  const total = modeNames.length;
  const counts = new Array<number>(total).fill(0);
  const byContext = new Map<number, number[]>();
  let successes = 0;
  let successesWithoutMode = 0;
  for (const { context, mode, success } of rows) {
    const ofContext = byContext.get(context) ?? new Array<number>(total).fill(0);
    byContext.set(context, ofContext);
    if (!success) continue;
    successes++;
    if (mode === null) {
      successesWithoutMode++;
      continue;
    }
    counts[mode] = (counts[mode] ?? 0) + 1;
    ofContext[mode] = (ofContext[mode] ?? 0) + 1;
  }
  const { value, ceiling } = conditionalEntropy([...byContext.values()]);
  const success = wilson(successes, rows.length);
  const kl = demonstrations === undefined ? null : klToDemonstrations(counts, demonstrations);
  const solved = new Set(rows.filter((row) => row.success).map((row) => row.context));
  return {
    rollouts: rows.length,
    success,
    entropy: { value, ceiling },
    modes: { covered: counts.filter((count) => count > 0).length, total, counts, names: modeNames },
    successTimesEntropy: success.rate * value,
    klToDemonstrations: kl !== null && Number.isFinite(kl) ? kl : null,
    marginalEntropy: behaviorEntropy(counts),
    contexts: { total: byContext.size, zeroSuccess: byContext.size - solved.size },
    successesWithoutMode,
    truncated: rows.filter((row) => row.truncated).length,
    meanDistance: mean(rows.map((row) => row.distance)),
    meanSteps: mean(rows.map((row) => row.steps)),
    metrics: meanMetrics(rows),
    components: countFirstComponents(rows),
  };
}
