/**
 * Statistics of one feature, each an array over its D dimensions but for the count.
 *
 * Standard deviations are those of the population (divided by N), as in LeRobot.
 */
export interface FeatureStats {
  readonly min: readonly number[];
  readonly max: readonly number[];
  readonly mean: readonly number[];
  readonly std: readonly number[];
  /** Number of frames, as an array of one. */
  readonly count: readonly number[];
  readonly q01: readonly number[];
  readonly q10: readonly number[];
  readonly q50: readonly number[];
  readonly q90: readonly number[];
  readonly q99: readonly number[];
}

/** Statistics by feature name. */
export type StatsByFeature = Readonly<Record<string, FeatureStats>>;

/** LeRobot's quantiles. */
export const QUANTILES = { q01: 0.01, q10: 0.1, q50: 0.5, q90: 0.9, q99: 0.99 } as const;
/** Names of the statistics, in LeRobot's order. */
export const STATISTICS = ['min', 'max', 'mean', 'std', 'count', 'q01', 'q10', 'q50', 'q90', 'q99'] as const;

/** Reads a quantile off sorted values, interpolating linearly between neighbours. */
function quantile(sorted: Float64Array, share: number): number {
  const at = share * (sorted.length - 1);
  const below = sorted[Math.floor(at)]!;
  const above = sorted[Math.ceil(at)]!;
  return below + (above - below) * (at - Math.floor(at));
}

/**
 * Measures one feature.
 *
 * @param values - row-major, shape [T, width], T at least 1.
 */
export function featureStats(values: ArrayLike<number>, width: number): FeatureStats {
  const rows = values.length / width;
  const stats: Record<string, number[]> = Object.fromEntries(STATISTICS.map((name) => [name, []]));
  const column = new Float64Array(rows);
  for (let d = 0; d < width; d++) {
    let sum = 0;
    for (let row = 0; row < rows; row++) {
      column[row] = values[row * width + d]!;
      sum += column[row]!;
    }
    const mean = sum / rows;
    let squares = 0;
    for (const value of column) squares += (value - mean) ** 2;
    column.sort();
    stats.min!.push(column[0]!);
    stats.max!.push(column[rows - 1]!);
    stats.mean!.push(mean);
    stats.std!.push(Math.sqrt(squares / rows));
    for (const [name, share] of Object.entries(QUANTILES)) stats[name]!.push(quantile(column, share));
  }
  return { ...stats, count: [rows] } as unknown as FeatureStats;
}

/**
 * Pools the statistics of episodes into those of the dataset.
 *
 * Extremes, means and deviations are exact; a quantile is the mean of the episodes' quantiles weighted by their
 * lengths. After LeRobot's `aggregate_feature_stats` (huggingface/lerobot, datasets/compute_stats.py).
 */
export function aggregateStats(episodes: readonly StatsByFeature[]): StatsByFeature {
  const result: Record<string, FeatureStats> = {};
  for (const name of Object.keys(episodes[0] ?? {})) {
    result[name] = aggregateFeature(episodes.map((stats) => stats[name]!));
  }
  return result;
}

function aggregateFeature(parts: readonly FeatureStats[]): FeatureStats {
  const total = parts.reduce((sum, { count }) => sum + count[0]!, 0);
  const width = parts[0]!.mean.length;
  const dimensions = Array.from({ length: width }, (_, d) => d);
  const pooled = (name: keyof FeatureStats) =>
    dimensions.map((d) => parts.reduce((sum, part) => sum + part[name][d]! * part.count[0]!, 0) / total);
  const mean = pooled('mean');
  const std = dimensions.map((d) => {
    const squares = parts.reduce(
      (sum, part) => sum + (part.std[d]! ** 2 + (part.mean[d]! - mean[d]!) ** 2) * part.count[0]!,
      0,
    );
    return Math.sqrt(squares / total);
  });
  return {
    min: dimensions.map((d) => parts.reduce((least, part) => Math.min(least, part.min[d]!), Infinity)),
    max: dimensions.map((d) => parts.reduce((most, part) => Math.max(most, part.max[d]!), -Infinity)),
    mean,
    std,
    count: [total],
    q01: pooled('q01'),
    q10: pooled('q10'),
    q50: pooled('q50'),
    q90: pooled('q90'),
    q99: pooled('q99'),
  };
}
