import { SpaceError } from '../../errors.ts';
import type { Rng } from '../../random.ts';
import { readMask, readProbabilities } from './choose-index.ts';
import { SeededSpace } from './seeded-space.ts';
import type { SampleOptions, SpaceJson } from './space.ts';

/**
 * The arrays of zeros and ones of one shape, after Gymnasium's `MultiBinary`; members are flat `Uint8Array`s. `sample`
 * takes a mask with 0 or 1 for an element that is fixed to it and 2 for one that is drawn, or the probability of a
 * one for each element.
 */
export class MultiBinary extends SeededSpace<Uint8Array> {
  readonly shape: readonly number[];
  /** Number of elements. */
  readonly size: number;

  /**
   * @param n - number of elements, or a shape.
   * @throws SpaceError when it is not a whole number of at least 1, or a list of those.
   */
  constructor(n: number | readonly number[]) {
    super();
    const shape = typeof n === 'number' ? [n] : [...n];
    if (shape.length === 0 || shape.some((side) => !Number.isSafeInteger(side) || side < 1)) {
      throw new SpaceError({
        what: 'The shape of a MultiBinary space does not fit',
        found: JSON.stringify(n),
        expected: 'a whole number of at least 1, or a list of those',
      });
    }
    this.shape = shape;
    this.size = shape.reduce((product, side) => product * side, 1);
  }

  protected draw(rng: Rng, { mask, probability }: SampleOptions): Uint8Array {
    if (mask !== undefined && mask !== null) {
      const entries = readMask(mask, this.size, [0, 1, 2]);
      return Uint8Array.from(entries, (entry) => (entry === 2 ? rng.integer(2) : entry));
    }
    if (probability !== undefined && probability !== null) {
      return Uint8Array.from(readProbabilities(probability, this.size), (p) => (rng.uniform() < p ? 1 : 0));
    }
    return Uint8Array.from({ length: this.size }, () => rng.integer(2));
  }

  explain(value: unknown): string | null {
    if (!(value instanceof Uint8Array)) {
      return `expected a Uint8Array of length ${this.size}, found ${value?.constructor?.name ?? String(value)}`;
    }
    if (value.length !== this.size) return `expected length ${this.size}, found ${value.length}`;
    const at = value.findIndex((element) => element > 1);
    return at < 0 ? null : `index ${at}: ${value[at]} is neither 0 nor 1`;
  }

  toJSON(): SpaceJson {
    return { type: 'MultiBinary', n: this.shape.length === 1 ? this.size : this.shape };
  }

  /** Rebuilds a space from Minari's form. @throws SpaceError when `n` does not fit. */
  static fromJSON({ n }: SpaceJson): MultiBinary {
    return new MultiBinary(Array.isArray(n) ? n.map(Number) : Number(n));
  }
}
