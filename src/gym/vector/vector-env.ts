import type { EnvMetadata, RenderFrame } from '../env.ts';
import type { EnvSpec } from '../env-spec.ts';
import type { Space } from '../spaces/space.ts';

/**
 * When an environment of a vector begins its next episode, after Gymnasium's `AutoresetMode`:
 * - `NextStep`: the step after the end ignores its action and returns the next episode's first observation, reward 0;
 * - `SameStep`: the step of the end returns the next episode's first observation; the last observation and info are
 *   `infos.finalObservation` and `infos.finalInfo`;
 * - `Disabled`: when `reset({ mask })` says so.
 */
export type AutoresetMode = 'NextStep' | 'SameStep' | 'Disabled';

/** The modes, for messages and checks. */
export const autoresetModes: readonly AutoresetMode[] = ['NextStep', 'SameStep', 'Disabled'];

/**
 * The infos of all environments, key by key, after Gymnasium: `infos.key` holds one value per environment and
 * `infos._key` (0 or 1) tells which environments reported one. Numbers are a Float64Array (0 where none), other values
 * a list (null where none), and objects are infos of their own. A key that no environment reported is undefined.
 */
export interface VectorInfos {
  readonly [key: string]: Float64Array | Uint8Array | readonly unknown[] | VectorInfos | undefined;
}

/**
 * What `reset` of a vector returns. The arrays are the vector's own: they hold until the call after the next one, so
 * that two successive observations can be compared; copy what is kept longer.
 */
export interface VectorResetResult<O = unknown> {
  /** A member of `observationSpace`: for a Box one array, shape [N, ...single shape], row by row. */
  readonly observations: O;
  readonly infos: VectorInfos;
}

/** What `step` of a vector returns; the same holds for its arrays. */
export interface VectorStepResult<O = unknown> extends VectorResetResult<O> {
  /** Shape [N]. */
  readonly rewards: Float64Array;
  /** Shape [N], 0 or 1. */
  readonly terminations: Uint8Array;
  /** Shape [N], 0 or 1. */
  readonly truncations: Uint8Array;
}

/** Reset arguments of a vector. */
export interface VectorResetOptions {
  /** Environment i is seeded with `seed + i`, or with entry i (null: not seeded). */
  readonly seed?: number | readonly (number | null)[];
  /** Handed to every environment. */
  readonly options?: Readonly<Record<string, unknown>>;
  /** Which environments are reset, shape [N]; all where left out. The rows of the others stay as they are. */
  readonly mask?: ArrayLike<number | boolean>;
}

/** N copies of one environment stepped together, after Gymnasium's `VectorEnv`. */
export interface VectorEnv<O = unknown, A = unknown> {
  readonly numEnvs: number;
  readonly autoresetMode: AutoresetMode;
  readonly metadata: EnvMetadata & { readonly autoresetMode: AutoresetMode };
  readonly spec: EnvSpec | null;
  readonly singleObservationSpace: Space<unknown>;
  readonly singleActionSpace: Space<unknown>;
  /** Of all environments together, as `batchSpace` describes it. */
  readonly observationSpace: Space<O>;
  readonly actionSpace: Space<A>;
  /**
   * Begins an episode in all environments, or in those of the mask.
   *
   * @throws UsageError when seed or mask do not fit; VectorEnvError when an environment throws.
   */
  reset(options?: VectorResetOptions): VectorResetResult<O>;
  /**
   * Advances all environments by one control step.
   *
   * @param actions - a member of `actionSpace`; copied.
   * @throws InvalidActionError when they are not, and no environment moves; ResetNeededError before the first reset;
   * VectorEnvError when an environment throws; WorkerDiedError when a worker thread has ended.
   */
  step(actions: A): VectorStepResult<O>;
  /** Draws every environment, in the render mode they were made with. @throws UsageError when there was none. */
  render(): readonly RenderFrame[];
  /** Closes all environments; may be called twice. */
  close(): Promise<void>;
}
