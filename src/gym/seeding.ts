import { UsageError } from '../errors.ts';
import { Rng } from '../random.ts';

/**
 * Draws a seed from the operating system, for whoever asked for no particular one: the only source of numbers in
 * modewise that does not repeat, and always written down by whoever uses it.
 */
export function entropySeed(): number {
  return globalThis.crypto.getRandomValues(new Uint32Array(1))[0] as number;
}

/**
 * Holds the generator of an environment with Gymnasium's rule: a seed given to `reset` replaces the generator; no
 * seed keeps it where it was; the first reset without one draws it from the operating system.
 */
export class EnvRandomness {
  #rng: Rng | null = null;

  /**
   * Returns the generator for the episode that begins.
   *
   * @param seed - as handed to `reset`.
   * @throws UsageError when the seed is not an integer of at least 0.
   */
  begin(seed?: number): Rng {
    if (seed !== undefined) {
      if (!Number.isSafeInteger(seed) || seed < 0) {
        throw new UsageError({
          what: 'The seed is not a whole number of at least 0',
          where: 'reset seed',
          found: String(seed),
          expected: 'an integer from 0 to 2^53 - 1',
        });
      }
      this.#rng = Rng.fromSeed(seed);
    }
    this.#rng ??= Rng.fromSeed(entropySeed());
    return this.#rng;
  }
}
