import type { EnvSpec } from './registry.ts';
import type { Space } from './spaces/space.ts';

/** Auxiliary facts about a step: whatever the task reports beside the observation. */
export type Info = Readonly<Record<string, unknown>>;

/** Gymnasium's reset arguments. */
export interface ResetOptions {
  /** Given: the environment's generator is replaced. Absent: it goes on where it was. */
  readonly seed?: number;
  /** Task-specific choices for this episode, such as the evaluation context. */
  readonly options?: Readonly<Record<string, unknown>>;
}

export interface ResetResult<O> {
  readonly observation: O;
  readonly info: Info;
}

export interface StepResult<O> {
  readonly observation: O;
  readonly reward: number;
  /** The task's own end: success or failure. */
  readonly terminated: boolean;
  /** An end from outside the task, such as a time limit. */
  readonly truncated: boolean;
  readonly info: Info;
}

/** Facts about an environment class, after Gymnasium's `metadata`. */
export interface EnvMetadata {
  readonly renderModes: readonly string[];
  /** Control steps per second. */
  readonly renderFps: number;
}

/**
 * An environment with Gymnasium 1.x semantics, synchronous once it has been made.
 *
 * `O` is the observation and `A` the action; both are members of the environment's spaces.
 */
export interface Env<O = unknown, A = unknown> {
  readonly observationSpace: Space<O>;
  readonly actionSpace: Space<A>;
  readonly metadata: EnvMetadata;
  /** The registration this environment was made from; null when it was constructed directly. */
  readonly spec: EnvSpec | null;
  /** The innermost environment below all wrappers. */
  readonly unwrapped: Env<unknown, unknown>;
  /** Starts an episode. */
  reset(options?: ResetOptions): ResetResult<O>;
  /**
   * Advances one control step.
   *
   * @throws InvalidActionError when the action is not a member of the action space.
   * @throws ResetNeededError when no episode is running (raised by the OrderEnforcing wrapper).
   */
  step(action: A): StepResult<O>;
  /** Releases what the environment holds; may be called twice. */
  close(): void;
}
