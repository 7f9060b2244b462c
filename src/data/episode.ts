/** Where an episode comes from. */
export interface Provenance {
  /** `imported`: another program recorded it. */
  readonly source: 'scripted' | 'teleoperated' | 'rollout' | 'imported';
  /** Name of the demonstrator, operator or policy. */
  readonly author: string;
  /** Settings that, with the seed, produced it: e.g. the demonstrator's knobs. */
  readonly settings: Readonly<Record<string, unknown>>;
}

/** One recorded episode of T control steps. */
export interface Episode {
  /** T. */
  readonly length: number;
  /**
   * Row-major float32 columns by name, each of shape `[T, width]`; LeRobot's names: `observation.state`
   * [T, Do] (what the policy saw before acting), `action` [T, Da], `next.reward`, `next.done`, `next.success` [T, 1].
   */
  readonly columns: Readonly<Record<string, Float32Array>>;
  /** The seed that `env.reset` was given; -1 where an imported dataset does not tell. */
  readonly seed: number;
  /** The options that `env.reset` was given: the context. */
  readonly resetOptions: Readonly<Record<string, unknown>>;
  /** Index of the way in which it solves the task; null where none applies. */
  readonly mode: number | null;
  readonly success: boolean;
  /** Physical state hash after the last step: a replay must end in the same. Empty where it is not known. */
  readonly finalStateHash: string;
  readonly provenance: Provenance;
}
