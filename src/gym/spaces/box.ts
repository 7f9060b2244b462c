import { SpaceError } from '../../errors.ts';
import type { Rng } from '../../random.ts';
import { flattenNumbers, type NestedNumbers, nestNumbers } from './nested-numbers.ts';
import { SeededSpace } from './seeded-space.ts';
import type { SampleOptions, SpaceJson } from './space.ts';

/** Constructors of the typed arrays, by element type. */
export const arrayTypes = {
  float32: Float32Array,
  float64: Float64Array,
  int32: Int32Array,
  uint8: Uint8Array,
} as const;

/** Element types of a {@link Box}, by NumPy's names. */
export type BoxDtype = keyof typeof arrayTypes;
/** The typed array that holds a member of a box of this element type. */
export type BoxArray<D extends BoxDtype = BoxDtype> = {
  readonly float32: Float32Array;
  readonly float64: Float64Array;
  readonly int32: Int32Array;
  readonly uint8: Uint8Array;
}[D];

/** What a {@link Box} is built from. */
export interface BoxOptions<D extends BoxDtype> {
  /** Lower bounds, inclusive: one number for all elements, or one per element in row-major order. */
  readonly low: number | ArrayLike<number>;
  /** Upper bounds, inclusive. */
  readonly high: number | ArrayLike<number>;
  /** Shape of a member; may be left out where a bound is one per element. */
  readonly shape?: readonly number[];
  /** Element type; float32 where left out. */
  readonly dtype?: D;
}

/**
 * The arrays of one shape whose elements lie between two bounds, after Gymnasium's `Box`. Members are flat,
 * row-major typed arrays of the box's element type; bounds may be infinite for the float types.
 *
 * @example
 * const actions = new Box({ low: -0.0125, high: 0.0125, shape: [2] });
 * actions.contains(new Float32Array([0, 0.01])); // true
 * actions.explain(new Float32Array([0, 0.02])); // 'index 1: 0.0199… is above the upper bound 0.0125'
 */
export class Box<D extends BoxDtype = 'float32'> extends SeededSpace<BoxArray<D>> {
  readonly shape: readonly number[];
  readonly dtype: D;
  /** Number of elements of a member. */
  readonly size: number;
  /** Lower bounds, one per element; not to be changed. */
  readonly low: BoxArray<D>;
  /** Upper bounds, one per element; not to be changed. */
  readonly high: BoxArray<D>;

  /** @throws SpaceError when shape, element type and bounds do not fit together, or a lower bound is above its upper one. */
  constructor(options: BoxOptions<D>) {
    super();
    this.dtype = options.dtype ?? ('float32' as D);
    const { low, high } = options;
    const lengthOf = (bound: number | ArrayLike<number>) => (typeof bound === 'number' ? null : bound.length);
    const given = options.shape ?? [lengthOf(low) ?? lengthOf(high) ?? -1];
    if (given.some((side) => !Number.isInteger(side) || side < 0)) {
      throw new SpaceError({
        what: 'The shape of a Box is missing or not a list of whole numbers',
        found: JSON.stringify(options.shape ?? null),
        remedy: 'give `shape`, or bounds with one number per element',
      });
    }
    this.shape = [...given];
    this.size = given.reduce((product, side) => product * side, 1);
    this.low = this.#bounds('low', low);
    this.high = this.#bounds('high', high);
    for (let i = 0; i < this.low.length; i++) {
      if (!((this.low[i] as number) <= (this.high[i] as number))) {
        throw new SpaceError({
          what: 'The lower bound of a Box is above its upper bound',
          where: `index ${i}`,
          found: `low ${this.low[i]}, high ${this.high[i]}`,
          expected: 'low ≤ high, neither NaN',
        });
      }
    }
  }

  #bounds(name: string, bound: number | ArrayLike<number>): BoxArray<D> {
    const size = this.size;
    const array = new arrayTypes[this.dtype](size) as BoxArray<D>;
    if (typeof bound !== 'number' && bound.length !== size) {
      throw new SpaceError({
        what: 'A bound of a Box does not fit its shape',
        where: name,
        found: `${bound.length} numbers`,
        expected: `${size} for the shape [${this.shape.join(', ')}]`,
      });
    }
    for (let i = 0; i < size; i++) {
      const value = typeof bound === 'number' ? bound : (bound[i] as number);
      array[i] = value;
      const representable = this.dtype === 'float32' ? Math.fround(value) : value;
      if (!Object.is(array[i], representable) && array[i] !== representable) {
        throw new SpaceError({
          what: `A bound of a Box cannot be held as ${this.dtype}`,
          where: `${name}, index ${i}`,
          found: String(value),
        });
      }
    }
    return array;
  }

  /** Returns a new array of this box's length and element type, filled with zeros; a member only if 0 is in bounds. */
  zeros(): BoxArray<D> {
    return new arrayTypes[this.dtype](this.size) as BoxArray<D>;
  }

  /**
   * Draws a member: uniform between finite bounds (inclusive for the integer types), exponential beside a single
   * finite bound, normal where there is none.
   *
   * @throws SpaceError when a mask or a probability is given: a box has none.
   */
  protected draw(rng: Rng, options: SampleOptions): BoxArray<D> {
    if (options.mask !== undefined || options.probability !== undefined) {
      throw new SpaceError({ what: 'A Box cannot be sampled with a mask or a probability' });
    }
    const array = this.zeros();
    const whole = this.dtype === 'int32' || this.dtype === 'uint8';
    for (let i = 0; i < array.length; i++) {
      const low = this.low[i] as number;
      const high = this.high[i] as number;
      if (whole) array[i] = low + rng.integer(high - low + 1);
      else if (Number.isFinite(low) && Number.isFinite(high)) array[i] = rng.uniform(low, high);
      else if (Number.isFinite(low)) array[i] = low - Math.log(1 - rng.uniform());
      else if (Number.isFinite(high)) array[i] = high + Math.log(1 - rng.uniform());
      else array[i] = rng.normal();
    }
    return array;
  }

  explain(value: unknown): string | null {
    const arrayType = arrayTypes[this.dtype];
    if (!(value instanceof arrayType)) {
      const found = Array.isArray(value) ? 'a plain array' : (value?.constructor?.name ?? String(value));
      return `expected a ${arrayType.name} of length ${this.size}, found ${found}`;
    }
    if (value.length !== this.size) {
      return `expected length ${this.size} for the shape [${this.shape.join(', ')}], found ${value.length}`;
    }
    for (let i = 0; i < value.length; i++) {
      const element = value[i] as number;
      if (Number.isNaN(element)) return `index ${i}: NaN is not a number`;
      if (element < (this.low[i] as number))
        return `index ${i}: ${element} is below the lower bound ${this.low[i]}`;
      if (element > (this.high[i] as number))
        return `index ${i}: ${element} is above the upper bound ${this.high[i]}`;
    }
    return null;
  }

  toJSON(): SpaceJson {
    return {
      type: 'Box',
      dtype: this.dtype,
      shape: this.shape,
      low: nestNumbers(this.low, this.shape),
      high: nestNumbers(this.high, this.shape),
    };
  }

  /** Rebuilds a box from Minari's form. @throws SpaceError when a field is missing or of an unsupported type. */
  static fromJSON(json: SpaceJson): Box<BoxDtype> {
    const { dtype, shape, low, high } = json;
    if (typeof dtype !== 'string' || !(dtype in arrayTypes)) {
      throw new SpaceError({
        what: 'A Box has an element type that is not supported',
        where: 'dtype',
        found: String(dtype),
        expected: Object.keys(arrayTypes).join(', '),
      });
    }
    if (!Array.isArray(shape)) {
      throw new SpaceError({ what: 'A Box has no shape', where: 'shape', found: String(shape) });
    }
    return new Box({
      dtype: dtype as BoxDtype,
      shape: shape as number[],
      low: flattenNumbers(low as NestedNumbers, 'low'),
      high: flattenNumbers(high as NestedNumbers, 'high'),
    });
  }
}
