import { entropy } from '../entropy.ts';
import { encodeWords, type GateMap } from './gate-map.ts';
import type {
  GateMapMessage,
  TrainingCurriculaMessage,
  TrainingDemonstrationsMessage,
  TrainingIteration,
} from './training-wire.ts';

/** Snapshots that are kept at most, and about how many characters of JSON they may take together. */
const MAX_SNAPSHOTS = 64;
const MAX_CHARACTERS = 1024 * 1024;
/** Stands for no component among claims: there are never that many. */
const UNCLAIMED = 0xffff;

/** The curricula of a mixture after one update; see `CurriculaSnapshot` of the training. */
export interface CurriculaState {
  readonly iteration: number;
  readonly components: number;
  readonly episodes: number;
  readonly names: readonly number[];
  /** p(e|z), shape `[C, E]`. */
  readonly curricula: Float32Array;
  /** p(z|e), shape `[E, C]`. */
  readonly responsibilities: Float32Array;
  /** p(z), shape `[C]`. */
  readonly prior: Float32Array;
}

/**
 * Gathers what the curricula of a mixture came to, in bounded memory: where there are too many snapshots every second one is left
 * out.
 */
export class TrainingIterations {
  readonly #modes: Int32Array;
  readonly #drawn: readonly number[];
  readonly #map: GateMap | null;
  #kept: TrainingIteration[] = [];
  #number = 0;

  /**
   * @param modes - of all demonstrations, shape `[E]`.
   * @param map - null where there are no positions in a plane.
   */
  constructor(modes: Int32Array, { drawn }: TrainingDemonstrationsMessage, map: GateMap | null) {
    this.#modes = modes;
    this.#drawn = drawn;
    this.#map = map;
  }

  /** All iterations that are kept, as they are sent. */
  get message(): TrainingCurriculaMessage {
    return { grid: this.#map?.grid ?? null, iterations: this.#kept };
  }

  /** Adds a snapshot. @param at - training steps done. */
  add(state: CurriculaState, at: number): void {
    const { components, curricula, episodes, iteration, names, prior, responsibilities } = state;
    const claims = Array.from({ length: episodes }, (_, episode) =>
      claimOf(responsibilities.subarray(episode * components, (episode + 1) * components)),
    );
    const modes = names.map((_, z) => this.#commonMode(claims, z));
    const rows = names.map((_, z) => curricula.subarray(z * episodes, (z + 1) * episodes));
    const peaks = rows.map((row) => Math.max(...row, Number.MIN_VALUE));
    const weights = this.#drawn.map((episode) => {
      const z = claims[episode] ?? -1;
      return Math.round((255 * (rows[z]?.[episode] ?? 0)) / (peaks[z] ?? 1));
    });
    this.#kept.push({
      number: this.#number++,
      iteration,
      at,
      names,
      prior: Array.from(prior, short),
      entropy: rows.map((row) => short(entropy(row))),
      claimed: names.map((_, z) => claims.filter((claim) => claim === z).length),
      modes,
      claims: encodeWords(this.#drawn.map((episode) => claims[episode] ?? UNCLAIMED)),
      weights: Buffer.from(weights).toString('base64'),
      map: this.#map?.ofDemonstrations(responsibilities, components) ?? null,
    });
    this.#thin();
  }

  /** Puts what a fitted gate prefers in the place of what was shown until then in the newest snapshot. */
  setMap(map: GateMapMessage): void {
    const newest = this.#kept.pop();
    if (newest !== undefined) this.#kept.push({ ...newest, map });
  }

  /** The mode of most of the demonstrations that a component claims. */
  #commonMode(claims: readonly (number | undefined)[], component: number): number {
    const counts = new Map<number, number>();
    let [common, most] = [-1, 0];
    for (const [episode, claim] of claims.entries()) {
      if (claim !== component) continue;
      const mode = this.#modes[episode] ?? -1;
      const count = (counts.get(mode) ?? 0) + 1;
      counts.set(mode, count);
      if (count > most) [common, most] = [mode, count];
    }
    return common;
  }

  /** Leaves out every second snapshot between the first and the newest, until the rest is small enough. */
  #thin(): void {
    while (
      this.#kept.length > 2 &&
      (this.#kept.length > MAX_SNAPSHOTS ||
        this.#kept.reduce((sum, one) => sum + sizeOf(one), 0) > MAX_CHARACTERS)
    ) {
      const last = this.#kept.length - 1;
      this.#kept = this.#kept.filter((_, i) => i === last || i % 2 === 0);
    }
  }
}

/** About how many characters a snapshot takes as JSON. */
function sizeOf({ claims, map, names, weights }: TrainingIteration): number {
  const maps = map === null ? 0 : map.experts.length + map.shares.length;
  return claims.length + weights.length + maps + 40 * names.length + 200;
}

/** Finds the component that is the most responsible for a demonstration; none where it is held out. */
function claimOf(responsibilities: Float32Array): number | undefined {
  let best = 0;
  for (const [z, value] of responsibilities.entries()) {
    if (value > (responsibilities[best] as number)) best = z;
  }
  return (responsibilities[best] as number) > 0 ? best : undefined;
}

/** As many digits as anybody reads. */
function short(value: number): number {
  return Number(value.toPrecision(5));
}
