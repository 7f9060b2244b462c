import { SpaceError } from '../../errors.ts';
import type { Rng } from '../../random.ts';
import { chooseIndex } from './choose-index.ts';
import { flattenNumbers, type NestedNumbers, nestNumbers, shapeOfNested } from './nested-numbers.ts';
import { SeededSpace } from './seeded-space.ts';
import type { SampleOptions, SpaceJson } from './space.ts';

/** What a {@link MultiDiscrete} may further be built from. */
export interface MultiDiscreteOptions {
  /** Smallest value of each element; 0 where left out. */
  readonly start?: ArrayLike<number>;
  /** Shape of a member; a vector where left out. */
  readonly shape?: readonly number[];
}

/**
 * The arrays of whole numbers, element i from `start[i]` to `start[i] + nvec[i] - 1`, after Gymnasium's
 * `MultiDiscrete`; members are flat `Int32Array`s. A mask or probability to sample with is a list of those of the
 * elements, as for `Discrete`; an entry left out or null is drawn freely.
 *
 * @example
 * const buttons = new MultiDiscrete([5, 2]); // five directions, one button
 */
export class MultiDiscrete extends SeededSpace<Int32Array> {
  readonly shape: readonly number[];
  /** Number of values per element; not to be changed. */
  readonly nvec: Int32Array;
  /** Smallest value per element; not to be changed. */
  readonly start: Int32Array;

  /** @throws SpaceError when a number of values is not a whole number of at least 1, or the lengths do not fit. */
  constructor(nvec: ArrayLike<number>, options: MultiDiscreteOptions = {}) {
    super();
    const start = options.start ?? new Int32Array(nvec.length);
    this.shape = [...(options.shape ?? [nvec.length])];
    const size = this.shape.reduce((product, side) => product * side, 1);
    const fits = (i: number) => {
      const n = nvec[i] as number;
      const first = start[i] as number;
      return Number.isInteger(n) && n >= 1 && first === (first | 0) && first + n - 1 <= 0x7fffffff;
    };
    const at = Array.from(nvec).findIndex((_, i) => !fits(i));
    if (nvec.length === 0 || size !== nvec.length || start.length !== nvec.length || at >= 0) {
      throw new SpaceError({
        what: 'A MultiDiscrete space needs whole numbers of one shape',
        where: at >= 0 ? `index ${at}` : 'shape',
        found: `nvec [${Array.from(nvec).join(', ')}], start [${Array.from(start).join(', ')}], shape [${this.shape.join(', ')}]`,
        expected: 'n ≥ 1 and a whole start for each element, within 32 bits',
      });
    }
    this.nvec = Int32Array.from(nvec);
    this.start = Int32Array.from(start);
  }

  /** Number of elements. */
  get size(): number {
    return this.nvec.length;
  }

  protected draw(rng: Rng, options: SampleOptions): Int32Array {
    const kind = options.mask === undefined ? 'probability' : 'mask';
    const parts = options[kind] ?? [];
    if (!Array.isArray(parts) || (parts.length > 0 && parts.length !== this.size)) {
      throw new SpaceError({
        what: `The ${kind} of a MultiDiscrete space does not fit`,
        where: kind,
        found: Array.isArray(parts) ? `${parts.length} entries` : String(parts),
        expected: `${this.size} entries, one per element`,
      });
    }
    return this.nvec.map((n, i) => (this.start[i] as number) + chooseIndex(rng, n, { [kind]: parts[i] }));
  }

  explain(value: unknown): string | null {
    if (!(value instanceof Int32Array)) {
      return `expected an Int32Array of length ${this.size}, found ${value?.constructor?.name ?? String(value)}`;
    }
    if (value.length !== this.size) return `expected length ${this.size}, found ${value.length}`;
    for (let i = 0; i < value.length; i++) {
      const element = value[i] as number;
      const first = this.start[i] as number;
      const last = first + (this.nvec[i] as number) - 1;
      if (element < first || element > last) return `index ${i}: ${element} is outside ${first} .. ${last}`;
    }
    return null;
  }

  toJSON(): SpaceJson {
    return {
      type: 'MultiDiscrete',
      dtype: 'int64',
      nvec: nestNumbers(this.nvec, this.shape),
      start: nestNumbers(this.start, this.shape),
    };
  }

  /** Rebuilds a space from Minari's form. @throws SpaceError when a field is missing or does not fit. */
  static fromJSON({ nvec, start }: SpaceJson): MultiDiscrete {
    const flat = flattenNumbers(nvec as NestedNumbers, 'nvec');
    const first = start === undefined ? {} : { start: flattenNumbers(start as NestedNumbers, 'start') };
    return new MultiDiscrete(flat, { shape: shapeOfNested(nvec), ...first });
  }
}
