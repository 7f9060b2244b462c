import { SpaceError } from '../../errors.ts';
import type { Rng } from '../../random.ts';
import { innerOptions } from './inner-options.ts';
import { SeededSpace } from './seeded-space.ts';
import type { SampleOptions, Space, SpaceJson } from './space.ts';

/** The member type of a space. */
export type MemberOf<S> = S extends Space<infer T> ? T : never;
/** The records whose entries are members of the spaces of the same names. */
export type DictMember<S extends Readonly<Record<string, Space<unknown>>>> = {
  readonly [K in keyof S]: MemberOf<S[K]>;
};

/**
 * Named spaces side by side, after Gymnasium's `Dict`; members are plain objects with exactly these keys. A mask or
 * probability to sample with is an object of those of the subspaces; a name left out is drawn freely.
 */
export class Dict<S extends Readonly<Record<string, Space<unknown>>>> extends SeededSpace<DictMember<S>> {
  readonly shape = null;
  readonly spaces: S;

  /** @throws SpaceError when there are no subspaces. */
  constructor(spaces: S) {
    super();
    if (Object.keys(spaces).length === 0) {
      throw new SpaceError({ what: 'A Dict space needs at least one subspace' });
    }
    this.spaces = spaces;
  }

  protected draw(rng: Rng, options: SampleOptions): DictMember<S> {
    const inner = (name: string) => innerOptions(options, name, Object.keys(this.spaces));
    const entries = Object.entries(this.spaces).map(
      ([name, space]) => [name, space.sample(rng, inner(name))] as const,
    );
    return Object.fromEntries(entries) as DictMember<S>;
  }

  explain(value: unknown): string | null {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      return `expected an object, found ${Array.isArray(value) ? 'an array' : String(value)}`;
    }
    const names = Object.keys(this.spaces);
    const unknown = Object.keys(value).find((name) => !names.includes(name));
    if (unknown !== undefined) return `key '${unknown}' is none of: ${names.join(', ')}`;
    for (const [name, space] of Object.entries(this.spaces)) {
      if (!Object.hasOwn(value, name)) return `key '${name}' is missing`;
      const reason = space.explain((value as Record<string, unknown>)[name]);
      if (reason !== null) return `key '${name}': ${reason}`;
    }
    return null;
  }

  toJSON(): SpaceJson {
    const subspaces = Object.entries(this.spaces).map(([name, space]) => [name, space.toJSON()] as const);
    return { type: 'Dict', subspaces: Object.fromEntries(subspaces) };
  }
}
