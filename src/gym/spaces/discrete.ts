import { SpaceError } from '../../errors.ts';
import type { Rng } from '../../random.ts';
import { chooseIndex } from './choose-index.ts';
import { SeededSpace } from './seeded-space.ts';
import type { SampleOptions, SpaceJson } from './space.ts';

/**
 * The whole numbers `start .. start + n - 1`, after Gymnasium's `Discrete`. `sample` takes a mask of n zeros and ones
 * (none allowed: `start`), or n probabilities that sum to 1.
 */
export class Discrete extends SeededSpace<number> {
  readonly shape: readonly number[] = [];
  readonly n: number;
  readonly start: number;

  /** @throws SpaceError when `n` is not a whole number of at least 1 or `start` is not a whole number. */
  constructor(n: number, start = 0) {
    super();
    if (!Number.isSafeInteger(n) || n < 1 || !Number.isSafeInteger(start)) {
      throw new SpaceError({
        what: 'A Discrete space needs whole numbers',
        found: `n ${n}, start ${start}`,
        expected: 'n ≥ 1 and a whole start',
      });
    }
    this.n = n;
    this.start = start;
  }

  protected draw(rng: Rng, options: SampleOptions): number {
    return this.start + chooseIndex(rng, this.n, options);
  }

  explain(value: unknown): string | null {
    const last = this.start + this.n - 1;
    if (typeof value !== 'number' || !Number.isInteger(value)) {
      return `expected a whole number from ${this.start} to ${last}, found ${String(value)}`;
    }
    if (value < this.start || value > last) return `${value} is outside ${this.start} .. ${last}`;
    return null;
  }

  toJSON(): SpaceJson {
    return { type: 'Discrete', dtype: 'int64', n: this.n, start: this.start };
  }

  /** Rebuilds a space from Minari's form. @throws SpaceError when `n` or `start` is not a whole number. */
  static fromJSON(json: SpaceJson): Discrete {
    return new Discrete(Number(json.n), json.start === undefined ? 0 : Number(json.start));
  }
}
