import type { Scene } from '../src/physics/scene.ts';

/** What a step reports, to be written over by the next one: an `EpisodeOutcome`, and what else the task has to say. */
export interface TaskInfo {
  readonly outcome: {
    success: boolean;
    mode: number | null;
    distance: number;
    metrics?: Record<string, number>;
  };
  [name: string]: unknown;
}

/** One episode of a task: a world and its judge, both built for it, so that the first episode equals every other. */
export interface Episode {
  /** The task as it is at the start of the episode. */
  readonly scene: Scene;
  /** Reward of the latest step. */
  readonly reward: number;
  /** Whether the latest step ended it, by success or by failure. */
  readonly terminated: boolean;
  /** Takes one control step and judges it; the action is a member of the action space. */
  advance(action: Float32Array): void;
  /** Writes the observation, shape `[Do]`. */
  observe(target: Float32Array): void;
  /** Writes how it stands over all that {@link TaskDefinition.blankInfo} made. */
  report(info: TaskInfo): void;
  /** Writes the poses of the moving parts in the world frame, shape `[M, 3]` as x, y, angleRad. */
  poses(target: Float32Array): void;
  /** Hashes the full state, physical and commanded. */
  stateHash(): string;
  /**
   * Pulls a moving part to a place by hand, until `release`; see `Task.hold`. Left out where nothing can be held.
   *
   * @param part - index into the poses.
   */
  hold?(part: number, x: number, y: number): boolean;
  /** Lets go of what is held. */
  release?(): void;
  /** Frees the world; may be called twice. */
  dispose(): void;
}
