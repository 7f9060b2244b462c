import { UsageError } from '../../errors.ts';
import { didYouMean } from '../../nearest-name.ts';
import type { Env } from '../env.ts';
import { Dict } from '../spaces/dict.ts';
import type { Space } from '../spaces/space.ts';
import { ObservationWrapper } from './observation-wrapper.ts';

type Named = Readonly<Record<string, unknown>>;

/** Keeps some of the entries of a Dict observation, in the order in which they are asked for. */
export class FilterObservation<A = unknown> extends ObservationWrapper<Named, A, Named> {
  override readonly observationSpace: Space<Named>;
  readonly #keys: readonly string[];

  /** @throws UsageError when the observation space is not a Dict, or no key or an unknown one is asked for. */
  constructor(env: Env<Named, A>, options: { readonly filterKeys: readonly string[] }) {
    super(env);
    const inner: Space<unknown> = env.observationSpace;
    if (!(inner instanceof Dict)) {
      throw new UsageError({ what: 'FilterObservation needs a Dict', found: inner.constructor.name });
    }
    this.#keys = [...options.filterKeys];
    const known = Object.keys(inner.spaces);
    const unknown = this.#keys.find((key) => !known.includes(key));
    if (unknown !== undefined || this.#keys.length === 0) {
      throw new UsageError({
        what: unknown === undefined ? 'No key is kept' : 'The observations have no such key',
        where: 'filterKeys',
        ...(unknown === undefined ? {} : { found: `'${unknown}'` }),
        remedy: didYouMean(unknown ?? '', known),
      });
    }
    const spaces = inner.spaces as Readonly<Record<string, Space<unknown>>>;
    const kept = this.#keys.map((key) => [key, spaces[key] as Space<unknown>] as const);
    this.observationSpace = new Dict(Object.fromEntries(kept));
  }

  protected override wrapperKwargs() {
    return { filterKeys: this.#keys };
  }

  protected observe(observation: Named): Named {
    return Object.fromEntries(this.#keys.map((key) => [key, observation[key]]));
  }
}
