/** Why a policy acted as it did, for the viewer and the tables; C is the number of components. */
export interface Explanation {
  /** Component in force per episode, shape `[B]`. */
  readonly component: Int32Array;
  /** Gate probabilities when the component was last drawn, shape `[B, C]`. */
  readonly gate: Float32Array;
}

/**
 * A policy acts for B episodes at a time. Given the seeds of its `reset` its actions are deterministic, and those
 * of one episode do not depend on which others share the batch.
 */
export interface Policy {
  /** Name of the method in the registry, e.g. `imc`. */
  readonly method: string;
  /** Do. */
  readonly observationSize: number;
  /** Da. */
  readonly actionSize: number;
  /** Begins B = seeds.length fresh episodes. */
  reset(seeds: readonly number[]): void;
  /**
   * Begins a fresh episode in place of one of the batch; the others go on as they were.
   *
   * @param episode - 0 .. B-1.
   * @throws RangeError when there is no such episode.
   */
  restart(episode: number, seed: number): void;
  /**
   * Chooses the next action of every episode.
   *
   * @param observations - raw (not normalized) observations, row-major, shape `[B, Do]`.
   * @returns raw actions, shape `[B, Da]`; the array is the caller's to keep.
   */
  act(observations: Float32Array): Float32Array;
  /** Explains the last `act`; absent for policies without components. */
  explain?(): Explanation;
  /**
   * Tells what the gate prefers at any observations, whatever the episodes are committed to; changes nothing. Absent for
   * policies without components.
   *
   * @param observations - raw, shape `[N, Do]`, for any N.
   * @returns gate probabilities, shape `[N, C]`.
   */
  gate?(observations: Float32Array): Float32Array;
}
