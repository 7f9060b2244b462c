import type { Features } from './features.ts';

/** An affine map of every feature to mean 0 and deviation 1, which keeps fits well conditioned whatever the units. */
export interface Standardization {
  /** Shape `[K]`; 0 where features are not centered, and for the constant feature. */
  readonly means: Float64Array;
  /** Shape `[K]`; 0 for features that do not vary, which are thereby left out. */
  readonly factors: Float64Array;
}

/** Deviations below this share of the mean's size are rounding. */
const ROUNDING = 1e-12;

/**
 * Finds the map for given features.
 *
 * @param intercept - whether the last feature is the constant one: it is left as it is, and the others are centered.
 *   Without it features are only scaled, by their root mean square, so that zero stays zero.
 */
export function findStandardization(features: Features, intercept: boolean): Standardization {
  const { columns, rows, values } = features;
  const means = new Float64Array(columns);
  const factors = new Float64Array(columns).fill(1);
  for (let d = 0; d < columns - (intercept ? 1 : 0); d++) {
    let mean = 0;
    let size = 0;
    for (let i = 0; i < rows; i++) {
      const value = values[i * columns + d] as number;
      mean += value / rows;
      size = Math.max(size, Math.abs(value));
    }
    if (intercept) means[d] = mean;
    let square = 0;
    // relative to the largest value, so that squares neither overflow nor vanish
    for (let i = 0; i < rows; i++) {
      square += (((values[i * columns + d] as number) - (means[d] as number)) / (size || 1)) ** 2 / rows;
    }
    const deviation = Math.sqrt(square);
    factors[d] = deviation > ROUNDING ? 1 / deviation / size : 0;
  }
  return { means, factors };
}

/** Applies the map. */
export function standardize(features: Features, { factors, means }: Standardization): Features {
  const { columns, rows } = features;
  const values = features.values.map((value, at) => {
    const d = at % columns;
    return (value - (means[d] as number)) * (factors[d] as number);
  });
  return { values, rows, columns };
}

/**
 * Turns weights of standardized features into weights of the features themselves, with the same projections.
 *
 * @param weights - row-major, shape `[outputs, K]`.
 */
export function toRawWeights(
  weights: Float64Array,
  { factors, means }: Standardization,
  intercept: boolean,
): Float64Array {
  const columns = means.length;
  const raw = weights.map((w, at) => w * (factors[at % columns] as number));
  if (!intercept) return raw;
  for (let start = 0; start < raw.length; start += columns) {
    let constant = weights[start + columns - 1] as number;
    for (let d = 0; d < columns - 1; d++) constant -= (raw[start + d] as number) * (means[d] as number);
    raw[start + columns - 1] = constant;
  }
  return raw;
}
