import type { EnvSpec } from './env-spec.ts';
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

/**
 * Where {@link Env.stepInto} writes one step. The caller owns it and may hand in the same one again: whoever steps
 * keeps no reference to it.
 */
export interface StepTarget<O = unknown> {
  /** Holds the observation: overwritten where it is a typed array, replaced where it is not. */
  observation: O;
  reward: number;
  terminated: boolean;
  truncated: boolean;
  /** Replaced; the environment may hand out one object again and again, so it is valid until its next step or reset. */
  info: Info;
}

/** A picture: rows from top to bottom, three bytes (red, green, blue) per pixel; Gymnasium's `rgb_array`. */
export interface RgbFrame {
  /** [height, width, 3], pixels. */
  readonly shape: readonly [number, number, 3];
  /** Row-major, of the length that the shape implies. */
  readonly data: Uint8Array;
}

/** What `render` returns: pixels in the mode `rgb_array`, text in modes such as `svg`. */
export type RenderFrame = RgbFrame | string;

/** Facts about an environment class, after Gymnasium's `metadata`. */
export interface EnvMetadata {
  /** Every value of `renderMode` that `make` takes for this environment. */
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
  /**
   * Does what `step` does, with the results written into `target`: the path of the vector environments, which allocate
   * nothing per step. An environment without it is stepped by `step`.
   */
  stepInto?(action: A, target: StepTarget<O>): void;
  /** How `render` draws, fixed when the environment is made; null or absent where it does not. */
  readonly renderMode?: string | null;
  /**
   * Draws the present state.
   *
   * @throws ResetNeededError before the first reset; UsageError when the environment was made without a render mode.
   */
  render?(): RenderFrame;
  /** Releases what the environment holds; may be called twice. */
  close(): void;
}
