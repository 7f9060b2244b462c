import { SpaceError } from '../../errors.ts';
import { Rng } from '../../random.ts';
import { entropySeed } from '../seeding.ts';
import type { SampleOptions, Space, SpaceJson } from './space.ts';

/** Gives a space its own generator; every space has one, apart from that of the environment. */
export abstract class SeededSpace<T> implements Space<T> {
  abstract readonly shape: readonly number[] | null;
  #rng: Rng | null = null;

  seed(seed: number): void {
    this.#rng = Rng.fromSeed(seed);
  }

  sample(rng?: Rng, options: SampleOptions = {}): T {
    if (options.mask !== undefined && options.probability !== undefined) {
      throw new SpaceError({
        what: 'A space was given both a mask and a probability to sample with',
        where: `sample of ${this.constructor.name}`,
        expected: 'one of the two',
      });
    }
    if (rng !== undefined) return this.draw(rng, options);
    this.#rng ??= Rng.fromSeed(entropySeed());
    return this.draw(this.#rng, options);
  }

  contains(value: unknown): value is T {
    return this.explain(value) === null;
  }

  /** Draws a member from a generator; at most one of mask and probability is set. */
  protected abstract draw(rng: Rng, options: SampleOptions): T;
  abstract explain(value: unknown): string | null;
  abstract toJSON(): SpaceJson;
}
