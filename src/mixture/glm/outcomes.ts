import { FitError } from '../../errors.ts';
import { checkFinite } from './features.ts';

/** Outputs as users have them: numbers or labels, or for several outputs one array per sample. */
export type OutputRows = ArrayLike<number> | readonly ArrayLike<number>[];

/**
 * Checks numbers or rows of numbers and lays them out, shape `[N, width]`.
 *
 * @throws FitError when rows differ in length or a value is not finite.
 */
export function outputRows(y: OutputRows, expected?: number): { values: Float64Array; width: number } {
  const rows = Array.from(y as ArrayLike<number | ArrayLike<number>>, (row) =>
    typeof row === 'number' ? [row] : Array.from(row),
  );
  const width = expected ?? rows[0]?.length ?? 0;
  const values = new Float64Array(rows.length * width);
  rows.forEach((row, i) => {
    if (row.length !== width || width === 0) {
      throw new FitError({
        what: 'The outputs differ in length',
        where: `y[${i}]`,
        found: String(row.length),
        expected: String(width),
      });
    }
    checkFinite(row, i, 'y');
    values.set(row, i * width);
  });
  return { values, width };
}

/** Where outputs lie and how far they spread: fits see y = mean + unit·y', which is well conditioned for any units. */
export interface OutputUnits {
  /** Shape `[Do]`. */
  readonly means: Float64Array;
  /** Root mean square of the centered outputs, one for all of them. */
  readonly unit: number;
}

/**
 * Finds the units of outputs, shape `[N, width]`.
 *
 * @param centered - whether the mean may be taken away: only where experts have a constant term.
 */
export function findUnits(values: Float64Array, width: number, centered: boolean): OutputUnits {
  const rows = values.length / width;
  const means = new Float64Array(width);
  let size = 0;
  for (let o = 0; centered && o < width; o++) {
    const first = values[o] as number;
    // by differences, so that outputs that are all the same are taken away without a rest
    for (let i = 0; i < rows; i++)
      means[o] = (means[o] as number) + ((values[i * width + o] as number) - first) / rows;
    means[o] = (means[o] as number) + first;
  }
  const deviations = values.map((v, at) => Math.abs(v - (means[at % width] as number)));
  for (const deviation of deviations) size = Math.max(size, deviation);
  if (size === 0) return { means, unit: 1 };
  const square = deviations.reduce((sum, deviation) => sum + (deviation / size) ** 2, 0) / values.length;
  return { means, unit: size * Math.sqrt(square) };
}

/** Expresses outputs in their units. */
export function toUnits(values: Float64Array, { means, unit }: OutputUnits): Float64Array {
  return values.map((v, at) => (v - (means[at % means.length] as number)) / unit);
}

/** Collects the labels, sorted, and refuses data that tell nothing apart. */
export function sortedLabels(y: OutputRows, known: readonly number[] | undefined): readonly number[] {
  const seen = new Set<number>(known);
  if (known === undefined) for (const label of Array.from(y as ArrayLike<number>)) seen.add(label);
  const labels = [...seen].sort((a, b) => a - b);
  if (labels.some((label) => !Number.isFinite(label))) {
    throw new FitError({ what: 'A label is not a finite number', where: 'y', found: labels.join(', ') });
  }
  if (labels.length < 2) {
    throw new FitError({
      what: 'All samples have the same label, so that there is nothing to tell apart',
      found: `label ${labels[0]}`,
      expected: 'at least two labels',
    });
  }
  return labels;
}

/** Finds the index of every label among the known ones. */
export function labelIndices(y: OutputRows, labels: readonly number[]): Int32Array {
  return Int32Array.from(y as ArrayLike<number>, (label, i) => {
    const index = labels.indexOf(label);
    if (index >= 0) return index;
    throw new FitError({
      what: 'A label is not one of the known ones',
      where: `y[${i}]`,
      found: String(label),
      expected: labels.join(', '),
    });
  });
}
