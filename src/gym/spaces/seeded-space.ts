import { Rng } from '../../random.ts';
import { entropySeed } from '../seeding.ts';
import type { Space, SpaceJson } from './space.ts';

/** Gives a space its own generator; every space has one, apart from that of the environment. */
export abstract class SeededSpace<T> implements Space<T> {
  abstract readonly shape: readonly number[] | null;
  #rng: Rng | null = null;

  seed(seed: number): void {
    this.#rng = Rng.fromSeed(seed);
  }

  sample(rng?: Rng): T {
    if (rng !== undefined) return this.draw(rng);
    this.#rng ??= Rng.fromSeed(entropySeed());
    return this.draw(this.#rng);
  }

  contains(value: unknown): value is T {
    return this.explain(value) === null;
  }

  /** Draws a member from a generator. */
  protected abstract draw(rng: Rng): T;
  abstract explain(value: unknown): string | null;
  abstract toJSON(): SpaceJson;
}
