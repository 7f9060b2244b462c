/** Computes the mean. */
export function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** Computes the standard deviation of a sample (divided by n - 1); 0 for a single value. */
export function deviation(values: readonly number[]): number {
  if (values.length < 2) return 0;
  const center = mean(values);
  return Math.sqrt(values.reduce((sum, value) => sum + (value - center) ** 2, 0) / (values.length - 1));
}

/** Averages curves of equal length point by point. */
export function meanCurve(curves: readonly (readonly number[])[]): number[] {
  return (curves[0] ?? []).map((_, t) => mean(curves.map((curve) => curve[t] as number)));
}

/**
 * Reads a quantile off sorted values, linear between neighbours.
 *
 * @param sorted - ascending, at least one.
 * @param share - 0 to 1.
 */
export function quantile(sorted: ArrayLike<number>, share: number): number {
  const at = share * (sorted.length - 1);
  const below = Math.floor(at);
  const low = sorted[below] as number;
  const high = sorted[Math.min(below + 1, sorted.length - 1)] as number;
  return low + (at - below) * (high - low);
}
