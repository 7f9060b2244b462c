import { FitError } from '../../errors.ts';

/** A matrix of inputs: N samples of K features. */
export interface Features {
  /** Row-major, shape `[N, K]`. */
  readonly values: Float64Array | Float32Array;
  /** N. */
  readonly rows: number;
  /** K. */
  readonly columns: number;
  /** Computes {@link project} and {@link accumulate}; without it they are computed here, in double precision. */
  readonly products?: MatrixProducts;
}

/** Inputs as {@link toFeatures} lays them out. */
export interface DoubleFeatures extends Features {
  readonly values: Float64Array;
}

/** The two products that fits spend their time in, X being the matrix of inputs. */
export interface MatrixProducts {
  /** As {@link project}. */
  project(weights: Float64Array, outputs: number, target: Float64Array): void;
  /** As {@link accumulate}. */
  accumulate(residuals: Float64Array, outputs: number, target: Float64Array): void;
}

/** Input rows as users have them: one array per sample. */
export type InputRows = readonly ArrayLike<number>[];

/**
 * Checks rows of inputs and lays them out as one matrix.
 *
 * @param rows - N rows of equal length, all finite.
 * @param transform - applied to every row first; its result is checked in the same way.
 * @param intercept - whether a last column of ones is added.
 * @throws FitError when there are no rows, a row has another length than the first, or a value is not finite.
 */
export function toFeatures(
  rows: InputRows,
  options: { readonly intercept: boolean; readonly transform?: (row: Float64Array) => ArrayLike<number> },
): DoubleFeatures {
  const { intercept, transform } = options;
  const width = rows[0]?.length;
  if (width === undefined) throw new FitError({ what: 'There are no samples', expected: 'at least one row' });
  let values = new Float64Array(0);
  let columns = 0;
  rows.forEach((row, i) => {
    const given = Float64Array.from(row);
    if (given.length !== width) {
      throw new FitError({
        what: 'The rows differ in length',
        where: `x[${i}]`,
        found: String(given.length),
        expected: String(width),
      });
    }
    checkFinite(given, i, 'x');
    const features = transform === undefined ? given : transform(given);
    if (i === 0) {
      columns = features.length + (intercept ? 1 : 0);
      values = new Float64Array(rows.length * columns);
    } else if (features.length + (intercept ? 1 : 0) !== columns) {
      throw new FitError({
        what: 'The transform gives rows of different length',
        where: `x[${i}]`,
        found: String(features.length),
      });
    }
    checkFinite(features, i, 'transform of x');
    for (let d = 0; d < features.length; d++) values[i * columns + d] = features[d] as number;
    if (intercept) values[i * columns + columns - 1] = 1;
  });
  if (columns === 0) throw new FitError({ what: 'The rows are empty', expected: 'at least one feature' });
  return { values, rows: rows.length, columns };
}

/** Refuses values that are not finite; `name[row]` is where they are said to be. */
export function checkFinite(values: ArrayLike<number>, row: number, name: string): void {
  for (let d = 0; d < values.length; d++) {
    if (Number.isFinite(values[d])) continue;
    throw new FitError({
      what: 'A value is not finite',
      where: `${name}[${row}][${d}]`,
      found: String(values[d]),
      remedy: 'leave such samples out, or fill them in, before fitting',
    });
  }
}

/**
 * Computes X·Wᵀ, four outputs at a time, which keeps the sums in registers.
 *
 * @param weights - row-major, shape `[outputs, K]`, beginning at `offset`.
 * @param target - row-major, receives shape `[N, outputs]`.
 */
export function project(
  { columns, products, rows, values }: Features,
  weights: Float64Array,
  outputs: number,
  target: Float64Array,
  offset = 0,
): void {
  if (products !== undefined) {
    products.project(weights.subarray(offset, offset + outputs * columns), outputs, target);
    return;
  }
  for (let o = 0; o < outputs; o += 4) {
    const w0 = offset + o * columns;
    const w1 = offset + Math.min(o + 1, outputs - 1) * columns;
    const w2 = offset + Math.min(o + 2, outputs - 1) * columns;
    const w3 = offset + Math.min(o + 3, outputs - 1) * columns;
    const block = Math.min(4, outputs - o);
    for (let i = 0; i < rows; i++) {
      const at = i * columns;
      let s0 = 0;
      let s1 = 0;
      let s2 = 0;
      let s3 = 0;
      if (block === 1) {
        for (let d = 0; d < columns; d++) s0 += (values[at + d] as number) * (weights[w0 + d] as number);
      } else {
        for (let d = 0; d < columns; d++) {
          const x = values[at + d] as number;
          s0 += x * (weights[w0 + d] as number);
          s1 += x * (weights[w1 + d] as number);
          s2 += x * (weights[w2 + d] as number);
          s3 += x * (weights[w3 + d] as number);
        }
      }
      const to = i * outputs + o;
      target[to] = s0;
      if (block > 1) target[to + 1] = s1;
      if (block > 2) target[to + 2] = s2;
      if (block > 3) target[to + 3] = s3;
    }
  }
}

/**
 * Adds Rᵀ·X to `target`: the gradient of a function of the projections, given its derivatives R.
 *
 * @param residuals - R, row-major, shape `[N, outputs]`.
 * @param target - row-major, shape `[outputs, K]`, beginning at `offset`.
 */
export function accumulate(
  { columns, products, rows, values }: Features,
  residuals: Float64Array,
  outputs: number,
  target: Float64Array,
  offset = 0,
): void {
  if (products !== undefined) {
    products.accumulate(residuals, outputs, target.subarray(offset, offset + outputs * columns));
    return;
  }
  const whole = rows - (rows % 4);
  for (let i = 0; i < whole; i += 4) {
    const at = i * columns;
    for (let o = 0; o < outputs; o++) {
      const r0 = residuals[i * outputs + o] as number;
      const r1 = residuals[(i + 1) * outputs + o] as number;
      const r2 = residuals[(i + 2) * outputs + o] as number;
      const r3 = residuals[(i + 3) * outputs + o] as number;
      const to = offset + o * columns;
      for (let d = 0; d < columns; d++) {
        target[to + d] =
          (target[to + d] as number) +
          (r0 * (values[at + d] as number) +
            r1 * (values[at + columns + d] as number) +
            (r2 * (values[at + 2 * columns + d] as number) + r3 * (values[at + 3 * columns + d] as number)));
      }
    }
  }
  for (let i = whole; i < rows; i++) {
    for (let o = 0; o < outputs; o++) {
      const r = residuals[i * outputs + o] as number;
      const to = offset + o * columns;
      for (let d = 0; d < columns; d++) {
        target[to + d] = (target[to + d] as number) + r * (values[i * columns + d] as number);
      }
    }
  }
}

/**
 * Computes Xᵀ·diag(weights)·X.
 *
 * @param weights - shape `[N]`; without it all are one.
 * @returns both triangles, row-major, shape `[K, K]`.
 */
export function weightedGram({ columns, rows, values }: Features, weights?: Float64Array): Float64Array {
  const gram = new Float64Array(columns * columns);
  for (let i = 0; i < rows; i++) {
    const weight = weights === undefined ? 1 : (weights[i] as number);
    if (weight === 0) continue;
    const at = i * columns;
    for (let a = 0; a < columns; a++) {
      const scaled = weight * (values[at + a] as number);
      if (scaled === 0) continue;
      const to = a * columns;
      for (let b = 0; b <= a; b++)
        gram[to + b] = (gram[to + b] as number) + scaled * (values[at + b] as number);
    }
  }
  for (let a = 0; a < columns; a++) {
    for (let b = 0; b < a; b++) gram[b * columns + a] = gram[a * columns + b] as number;
  }
  return gram;
}

/**
 * Bounds the curvature of the data: the largest eigenvalue of XᵀX/N, by power iteration to 1 % and rounded up by as
 * much, so that a step of its inverse is safe.
 *
 * @param weights - of the samples, shape `[N]`; without it all are one.
 */
export function largestCurvature(features: Features, weights?: Float64Array): number {
  const { columns, rows } = features;
  const total = weights === undefined ? rows : weights.reduce((a, b) => a + b, 0);
  let direction = new Float64Array(columns).fill(1 / Math.sqrt(columns));
  const projected = new Float64Array(rows);
  let value = 0;
  for (let iteration = 0; iteration < 200; iteration++) {
    project(features, direction, 1, projected);
    if (weights !== undefined)
      for (let i = 0; i < rows; i++) projected[i] = (projected[i] as number) * (weights[i] as number);
    const next = new Float64Array(columns);
    accumulate(features, projected, 1, next);
    const norm = Math.hypot(...next) / total;
    if (norm === 0) return 0;
    direction = next.map((v) => v / total / norm);
    if (Math.abs(norm - value) <= 1e-4 * norm) return 1.01 * norm;
    value = norm;
  }
  return 1.01 * value;
}
