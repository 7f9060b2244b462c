import { UsageError } from '../src/errors.ts';
import type { Env } from '../src/gym/env.ts';
import { type MakeOptions, make } from '../src/gym/registry.ts';
import type { Scene } from '../src/physics/scene.ts';

/** The finite set of ways in which a task can be solved (D3IL's behaviour descriptor). */
export interface BehaviorDescriptor {
  /** One short name per mode, in mode order: `modes[outcome.mode]`. */
  readonly modes: readonly string[];
}

/** How the running or finished episode stands. */
export interface EpisodeOutcome {
  readonly success: boolean;
  /** Index into the behavior descriptor's modes; null while undecided or when no mode applies. */
  readonly mode: number | null;
  /** Distance to the goal as the task defines it, metres; 0 at success. */
  readonly distance: number;
  /** What else the task measures, by name; an evaluation reports the means over its episodes. */
  readonly metrics?: Readonly<Record<string, number>>;
}

/** A fixed start of the evaluation: passed as `reset({ options: { context } })`. */
export interface EvaluationContext {
  readonly name: string;
  readonly options: Readonly<Record<string, unknown>>;
}

/**
 * An environment that modewise can demonstrate, score and show. Observation and action are float32 vectors,
 * shapes `[Do]` and `[Da]`. Every `info` carries the {@link EpisodeOutcome} under `outcome`.
 */
export interface Task extends Env<Float32Array, Float32Array> {
  readonly behavior: BehaviorDescriptor;
  /** Never empty; a task with a fixed start has exactly one. */
  readonly contexts: readonly EvaluationContext[];
  /** Duration of one control step, seconds. */
  readonly dtSeconds: number;
  readonly observationNames: readonly string[];
  readonly actionNames: readonly string[];
  readonly scene: Scene;
  outcome(): EpisodeOutcome;
  /** Writes the poses of the moving parts in the world frame, shape `[M, 3]` as x, y, angleRad. */
  poses(target: Float32Array): void;
  /**
   * Takes hold of a moving part as a hand does, or moves the hand: what is held is pulled to a place on the table in the
   * steps that follow, against what else drives it, until `release` or the next `reset`. An arm that is held gives way: its
   * command stays where the hand has led it. Never called, it changes nothing.
   *
   * @param part - index into the poses.
   * @param x - metres in the world frame, as is y; kept within the workspace.
   * @returns false when this part cannot be held; absent from tasks in which none can.
   */
  hold?(part: number, x: number, y: number): boolean;
  /** Lets go of what is held. */
  release?(): void;
  /** A hash over the full physical state, as 16 hexadecimal digits: equal states, equal hashes. */
  stateHash(): string;
}

/** A made environment with its wrappers, and the task inside it. */
export interface MadeTask {
  /** Step and reset through this one: the wrappers enforce order and time limit. */
  readonly env: Env<Float32Array, Float32Array>;
  readonly task: Task;
}

function isTask(env: Env): env is Task {
  return 'behavior' in env && 'contexts' in env && 'scene' in env && 'outcome' in env;
}

/**
 * Makes a registered environment that is a task.
 *
 * @throws UnregisteredEnvError or EnvVersionError when the id is unknown; UsageError when it is no task.
 */
export async function makeTask(id: string, options: MakeOptions = {}): Promise<MadeTask> {
  const env = await make(id, options);
  const inner: Env = env.unwrapped;
  if (!isTask(inner)) {
    throw new UsageError({
      what: `'${id}' is an environment but not a task`,
      expected: 'behavior, contexts, scene and outcome beside the Gymnasium interface',
      remedy: 'implement the Task interface of envs/task.ts',
    });
  }
  return { env: env as Env<Float32Array, Float32Array>, task: inner };
}
