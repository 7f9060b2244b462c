import { SpaceError } from '../../errors.ts';
import type { Rng } from '../../random.ts';
import { SeededSpace } from './seeded-space.ts';
import type { SampleOptions, Space, SpaceJson } from './space.ts';

/** Chance with which a sampled sequence ends after each entry, Gymnasium's. */
const END_CHANCE = 0.25;

/**
 * Arrays of any length whose entries are members of one space, after Gymnasium's `Sequence`. A mask or probability
 * to sample with is `[length, entry]`: a length, a list of lengths to choose from, or null; and the mask or
 * probability of the entries' space, or null.
 */
export class Sequence<T> extends SeededSpace<readonly T[]> {
  readonly shape = null;
  readonly featureSpace: Space<T>;

  constructor(featureSpace: Space<T>) {
    super();
    this.featureSpace = featureSpace;
  }

  protected draw(rng: Rng, options: SampleOptions): readonly T[] {
    const kind = options.mask === undefined ? 'probability' : 'mask';
    const [lengths, feature] = this.#parts(options[kind] ?? [null, null]);
    const length = Array.isArray(lengths) ? lengths[rng.integer(lengths.length)] : lengths;
    const inner: SampleOptions = feature === null || feature === undefined ? {} : { [kind]: feature };
    return Array.from({ length: length ?? this.#drawLength(rng) }, () =>
      this.featureSpace.sample(rng, inner),
    );
  }

  /** Draws from the geometric distribution over 0, 1, 2, … */
  #drawLength(rng: Rng): number {
    return Math.floor(Math.log(1 - rng.uniform()) / Math.log(1 - END_CHANCE));
  }

  #parts(parts: unknown): readonly [number | readonly number[] | null, unknown] {
    const [lengths, feature] = Array.isArray(parts) && parts.length === 2 ? parts : [undefined, undefined];
    const listed: readonly unknown[] = Array.isArray(lengths) ? lengths : [lengths ?? 0];
    if (lengths !== undefined && listed.length > 0) {
      if (listed.every((length) => Number.isSafeInteger(length) && (length as number) >= 0)) {
        return [lengths as number | readonly number[] | null, feature];
      }
    }
    throw new SpaceError({
      what: 'The mask or probability of a Sequence does not fit',
      found: JSON.stringify(parts),
      expected: '[a length, a list of lengths or null; what the entries are drawn with, or null]',
    });
  }

  explain(value: unknown): string | null {
    if (!Array.isArray(value)) return `expected an array, found ${String(value)}`;
    for (const [i, entry] of value.entries()) {
      const reason = this.featureSpace.explain(entry);
      if (reason !== null) return `entry ${i}: ${reason}`;
    }
    return null;
  }

  toJSON(): SpaceJson {
    return { type: 'Sequence', feature_space: this.featureSpace.toJSON() };
  }
}
