import { uniformInt } from 'pure-rand/distribution/uniformInt';
import { xoroshiro128plusFromState } from 'pure-rand/generator/xoroshiro128plus';
import type { RandomGenerator } from 'pure-rand/types/RandomGenerator';

/** The state of an {@link Rng}, as plain JSON: what a bit-equal resume needs. */
export interface RngState {
  readonly path: string;
  readonly generator: readonly number[];
  readonly spareNormal: number | null;
}

/** Mixes a string into four 32-bit words (the public-domain cyrb128 construction). */
function hash128(text: string): readonly [number, number, number, number] {
  let h1 = 1779033703;
  let h2 = 3144134277;
  let h3 = 1013904242;
  let h4 = 2773480762;
  for (let i = 0; i < text.length; i++) {
    const k = text.charCodeAt(i);
    h1 = h2 ^ Math.imul(h1 ^ k, 597399067);
    h2 = h3 ^ Math.imul(h2 ^ k, 2869860233);
    h3 = h4 ^ Math.imul(h3 ^ k, 951274213);
    h4 = h1 ^ Math.imul(h4 ^ k, 2716044179);
  }
  h1 = Math.imul(h3 ^ (h1 >>> 18), 597399067);
  h2 = Math.imul(h4 ^ (h2 >>> 22), 2869860233);
  h3 = Math.imul(h1 ^ (h3 >>> 17), 951274213);
  h4 = Math.imul(h2 ^ (h4 >>> 19), 2716044179);
  return [h1 ^ h2 ^ h3 ^ h4, h2 ^ h1, h3 ^ h1, h4 ^ h1];
}

/**
 * A seeded, splittable random number generator (xoroshiro128+).
 *
 * Streams are derived by name, never by call order: `rng.fork('eval').fork(context).fork(rollout)` gives the
 * same numbers whoever draws first and on whichever worker. Forking does not advance the parent.
 *
 * @example
 * const rng = Rng.fromSeed(0).fork('init');
 * rng.uniform(); // in [0, 1)
 */
export class Rng {
  readonly #path: string;
  readonly #generator: RandomGenerator;
  #spareNormal: number | null = null;

  private constructor(path: string, generator: RandomGenerator) {
    this.#path = path;
    this.#generator = generator;
  }

  static #fromPath(path: string): Rng {
    return new Rng(path, xoroshiro128plusFromState([...hash128(path)]));
  }

  /** Starts the root stream of a seed. */
  static fromSeed(seed: number | string): Rng {
    return Rng.#fromPath(String(seed));
  }

  /** Continues a stream from a saved state. */
  static fromState(state: RngState): Rng {
    const rng = new Rng(state.path, xoroshiro128plusFromState(state.generator));
    rng.#spareNormal = state.spareNormal;
    return rng;
  }

  /** Derives the stream with this name below this one, independent of what either has drawn. */
  fork(name: string | number): Rng {
    return Rng.#fromPath(`${this.#path}/${name}`);
  }

  /** Derives a 32-bit unsigned seed, to hand to something that seeds itself. */
  seed(): number {
    return this.#generator.next() >>> 0;
  }

  /** Draws uniformly from [low, high), with 32 bits of resolution. */
  uniform(low = 0, high = 1): number {
    return low + (high - low) * ((this.#generator.next() >>> 0) / 4294967296);
  }

  /** Draws an integer uniformly from 0 .. count-1. */
  integer(count: number): number {
    return uniformInt(this.#generator, 0, count - 1);
  }

  /** Draws from a normal distribution (Marsaglia's polar method). */
  normal(mean = 0, standardDeviation = 1): number {
    if (this.#spareNormal !== null) {
      const spare = this.#spareNormal;
      this.#spareNormal = null;
      return mean + standardDeviation * spare;
    }
    for (;;) {
      const u = this.uniform(-1, 1);
      const v = this.uniform(-1, 1);
      const s = u * u + v * v;
      if (s === 0 || s >= 1) continue;
      const scale = Math.sqrt((-2 * Math.log(s)) / s);
      this.#spareNormal = v * scale;
      return mean + standardDeviation * u * scale;
    }
  }

  /**
   * Draws an index with probability proportional to its weight.
   *
   * @param weights - not negative; need not sum to one. All-zero weights draw uniformly.
   */
  categorical(weights: ArrayLike<number>): number {
    let total = 0;
    for (let i = 0; i < weights.length; i++) total += weights[i] ?? 0;
    if (!(total > 0)) return this.integer(weights.length);
    let rest = this.uniform(0, total);
    for (let i = 0; i < weights.length; i++) {
      rest -= weights[i] ?? 0;
      if (rest < 0) return i;
    }
    // rounding can leave a remainder of the order of 1e-16: it belongs to the last index with weight
    let last = weights.length - 1;
    while (last > 0 && !((weights[last] ?? 0) > 0)) last--;
    return last;
  }

  /** Shuffles in place (Fisher-Yates) and returns the same array. */
  shuffle<T>(items: T[]): T[] {
    for (let i = items.length - 1; i > 0; i--) {
      const j = this.integer(i + 1);
      const a = items[i] as T;
      items[i] = items[j] as T;
      items[j] = a;
    }
    return items;
  }

  /** Saves the state, for {@link Rng.fromState}. */
  state(): RngState {
    return { path: this.#path, generator: [...this.#generator.getState()], spareNormal: this.#spareNormal };
  }
}
