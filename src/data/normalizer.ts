import { DatasetError } from '../errors.ts';

/** A normalizer as plain JSON. Doubles survive JSON exactly, so a round trip changes nothing. */
export interface NormalizerJson {
  readonly version: 1;
  readonly mean: readonly number[];
  readonly std: readonly number[];
}

/**
 * A standard deviation below this share of the column's magnitude, or below `1e-12` in absolute terms, is
 * float32 rounding of a constant, not variation.
 */
const CONSTANT_RELATIVE_STD = 1e-7;
const CONSTANT_ABSOLUTE_STD = 1e-12;

/**
 * Shifts and scales every dimension to mean 0 and standard deviation 1.
 *
 * A dimension that does not vary has no scale of its own: it gets standard deviation 1, so it normalizes to 0
 * and denormalizes back to its constant.
 */
export class Normalizer {
  /** Mean of each dimension, in the units of the data, shape [D]. */
  readonly mean: Float64Array;
  /** Population standard deviation of each dimension, in the units of the data, shape [D]; above 0. */
  readonly std: Float64Array;

  private constructor(mean: Float64Array, std: Float64Array) {
    this.mean = mean;
    this.std = std;
  }

  /** D. */
  get width(): number {
    return this.mean.length;
  }

  /**
   * Measures mean and standard deviation, in double precision and two passes (the squares are taken of the
   * differences from the mean, so a large offset does not eat the digits of a small spread).
   *
   * @param values - row-major, shape [N, width], N at least 1.
   * @throws DatasetError for a length that is no multiple of the width, no rows, or a value that is not finite.
   */
  static fit(values: ArrayLike<number>, width: number): Normalizer {
    if (!Number.isInteger(width) || width < 1) {
      throw new DatasetError({
        what: 'a normalizer needs at least one dimension',
        found: `width ${width}`,
        expected: 'a whole number above 0',
      });
    }
    if (values.length === 0 || values.length % width !== 0) {
      throw new DatasetError({
        what: 'the values to normalize do not form whole rows',
        found: `${values.length} values`,
        expected: `a multiple of the width ${width}, at least one row`,
      });
    }
    const rows = values.length / width;
    const mean = new Float64Array(width);
    const std = new Float64Array(width);
    for (let at = 0; at < values.length; at++) {
      const value = values[at]!;
      if (!Number.isFinite(value)) {
        throw new DatasetError({
          what: 'statistics cannot be taken of a value that is not finite',
          where: `row ${Math.floor(at / width)}, dimension ${at % width}`,
          found: String(value),
        });
      }
      mean[at % width]! += value;
    }
    // JSON has no negative zero: added to zero it becomes a plain one
    for (let d = 0; d < width; d++) mean[d] = mean[d]! / rows + 0;
    for (let at = 0; at < values.length; at++) std[at % width]! += (values[at]! - mean[at % width]!) ** 2;
    for (let d = 0; d < width; d++) {
      const measured = Math.sqrt(std[d]! / rows);
      const negligible = Math.max(CONSTANT_ABSOLUTE_STD, CONSTANT_RELATIVE_STD * Math.abs(mean[d]!));
      std[d] = measured > negligible ? measured : 1;
    }
    return new Normalizer(mean, std);
  }

  /**
   * Maps data to mean 0 and standard deviation 1.
   *
   * @param values - row-major, shape [N, D], in the units of the data.
   * @returns a new array of the same shape.
   * @throws DatasetError when the length is no multiple of D.
   */
  normalize(values: ArrayLike<number>): Float32Array {
    const width = this.#requireRows(values);
    const result = new Float32Array(values.length);
    for (let at = 0; at < values.length; at++) {
      const d = at % width;
      result[at] = (values[at]! - this.mean[d]!) / this.std[d]!;
    }
    return result;
  }

  /**
   * Maps normalized data back to its units; the inverse of `normalize` up to float32 rounding.
   *
   * @param values - row-major, shape [N, D], normalized.
   * @returns a new array of the same shape.
   * @throws DatasetError when the length is no multiple of D.
   */
  denormalize(values: ArrayLike<number>): Float32Array {
    const width = this.#requireRows(values);
    const result = new Float32Array(values.length);
    for (let at = 0; at < values.length; at++) {
      const d = at % width;
      result[at] = values[at]! * this.std[d]! + this.mean[d]!;
    }
    return result;
  }

  toJSON(): NormalizerJson {
    return { version: 1, mean: [...this.mean], std: [...this.std] };
  }

  /**
   * Rebuilds a saved normalizer.
   *
   * Statistics that are missing or unusable are refused here: a policy that runs on wrong statistics fails
   * silently.
   *
   * @throws DatasetError for a missing key, another version, lengths that differ, or a value that is not
   *   finite; a standard deviation must be above 1e-12.
   */
  static fromJSON(json: unknown): Normalizer {
    if (typeof json !== 'object' || json === null || Array.isArray(json)) {
      throw damaged(
        'the whole',
        json === null ? 'null' : typeof json,
        'an object with version, mean and std',
      );
    }
    const { version, mean, std } = json as Record<string, unknown>;
    if (version !== 1) throw damaged('version', describe(version), '1');
    const meanNumbers = finiteNumbers(mean, 'mean');
    const stdNumbers = finiteNumbers(std, 'std');
    if (meanNumbers.length !== stdNumbers.length) {
      throw damaged('std', `${stdNumbers.length} numbers`, `${meanNumbers.length}, as many as in mean`);
    }
    for (const [d, value] of stdNumbers.entries()) {
      if (value < CONSTANT_ABSOLUTE_STD) {
        throw damaged(`std[${d}]`, String(value), 'above 1e-12 (a constant dimension is saved with 1)');
      }
    }
    return new Normalizer(meanNumbers, stdNumbers);
  }

  #requireRows(values: ArrayLike<number>): number {
    if (values.length % this.width === 0) return this.width;
    throw new DatasetError({
      what: 'the values do not fit the normalizer',
      found: `${values.length} values`,
      expected: `rows of ${this.width}`,
    });
  }
}

function describe(value: unknown): string {
  return value === undefined ? 'nothing' : JSON.stringify(value);
}

function damaged(where: string, found: string, expected: string): DatasetError {
  return new DatasetError({
    what: 'the saved normalization statistics are unusable',
    where,
    found,
    expected,
    remedy: 'train again, or restore the file',
  });
}

function finiteNumbers(value: unknown, name: string): Float64Array {
  if (!Array.isArray(value) || value.length === 0) {
    throw damaged(name, Array.isArray(value) ? 'an empty list' : describe(value), 'a list of numbers');
  }
  for (const [d, item] of value.entries()) {
    if (typeof item !== 'number' || !Number.isFinite(item)) {
      throw damaged(`${name}[${d}]`, describe(item), 'a finite number');
    }
  }
  return Float64Array.from(value as number[]);
}
