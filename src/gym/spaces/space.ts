import type { Rng } from '../../random.ts';

/** A space as plain JSON; Minari's form (`{type: 'Box', dtype, shape, low, high}`). */
export type SpaceJson = Readonly<Record<string, unknown>> & { readonly type: string };

/** What `sample` may draw; its form depends on the space and is described at the space's class. */
export interface SampleOptions {
  /** Which values may be drawn, each equally likely. */
  readonly mask?: unknown;
  /** How likely each value is; not together with `mask`. */
  readonly probability?: unknown;
}

/** The set of values that an observation or an action may take, after Gymnasium's `Space`. */
export interface Space<T> {
  /** Shape of one member, or null where members are not arrays. */
  readonly shape: readonly number[] | null;
  /** Reseeds this space's own generator. */
  seed(seed: number): void;
  /**
   * Draws a member from `rng`, or from the space's own generator.
   *
   * @throws SpaceError when a mask or a probability does not fit the space.
   */
  sample(rng?: Rng, options?: SampleOptions): T;
  /** Says whether a value is a member: type, shape, dtype and bounds. */
  contains(value: unknown): value is T;
  /** Says why a value is not a member, naming the index and the bound; null when it is one. */
  explain(value: unknown): string | null;
  toJSON(): SpaceJson;
}
