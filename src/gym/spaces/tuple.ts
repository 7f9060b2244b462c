import { SpaceError } from '../../errors.ts';
import type { Rng } from '../../random.ts';
import type { MemberOf } from './dict.ts';
import { innerOptions } from './inner-options.ts';
import { SeededSpace } from './seeded-space.ts';
import type { SampleOptions, Space, SpaceJson } from './space.ts';

/** The lists whose entries are members of the spaces at the same places. */
export type TupleMember<S extends readonly Space<unknown>[]> = { readonly [K in keyof S]: MemberOf<S[K]> };

/**
 * A fixed number of spaces in order, after Gymnasium's `Tuple`; members are plain arrays. A mask or probability to
 * sample with is an array of those of the subspaces; an entry left out or null is drawn freely.
 */
export class Tuple<const S extends readonly Space<unknown>[]> extends SeededSpace<TupleMember<S>> {
  readonly shape = null;
  readonly spaces: S;

  /** @throws SpaceError when there are no subspaces. */
  constructor(spaces: S) {
    super();
    if (spaces.length === 0) throw new SpaceError({ what: 'A Tuple space needs at least one subspace' });
    this.spaces = spaces;
  }

  protected draw(rng: Rng, options: SampleOptions): TupleMember<S> {
    const keys = Object.keys(this.spaces);
    const members = this.spaces.map((space, i) => space.sample(rng, innerOptions(options, String(i), keys)));
    return members as unknown as TupleMember<S>;
  }

  explain(value: unknown): string | null {
    if (!Array.isArray(value)) return `expected an array of ${this.spaces.length}, found ${String(value)}`;
    if (value.length !== this.spaces.length) {
      return `expected ${this.spaces.length} entries, found ${value.length}`;
    }
    for (const [i, space] of this.spaces.entries()) {
      const reason = space.explain(value[i]);
      if (reason !== null) return `entry ${i}: ${reason}`;
    }
    return null;
  }

  toJSON(): SpaceJson {
    return { type: 'Tuple', subspaces: this.spaces.map((space) => space.toJSON()) };
  }
}
