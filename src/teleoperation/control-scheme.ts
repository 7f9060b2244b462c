import type { MadeTask, Task } from '../../envs/task.ts';
import { UsageError } from '../errors.ts';
import { clipAction } from '../eval/clip-action.ts';
import { Box } from '../gym/spaces/box.ts';

/** What the hand asks for: a place in the world frame, metres, or a share of the greatest speed of each axis. */
export type Wish =
  | { readonly kind: 'point'; readonly point: readonly [number, number] }
  | { readonly kind: 'velocity'; readonly velocity: readonly number[] };

/** Turns what a hand asks for into the actions of one task. */
export interface ControlScheme {
  /** Names of what is moved, in the order of the action. */
  readonly axes: readonly string[];
  /** The axes are x and y of the world frame. */
  readonly takesPoints: boolean;
  /** Begins an episode; the task has been reset. */
  begin(): void;
  /** Says where the command is, shape `[Da]`. */
  commanded(observation: Float32Array): readonly number[];
  /**
   * Chooses the action of a control step.
   *
   * @param wish - null asks for nothing: the command stays where it is.
   * @param observation - as the environment returned it, shape `[Do]`.
   * @returns a member of the action space, shape `[Da]`.
   */
  act(wish: Wish | null, observation: Float32Array): Float32Array;
}

/** Time in which a command that is a place crosses the whole workspace at full speed, seconds. */
const CROSSING_SECONDS = 1.5;

/** The action is the change of a command that is observed. */
class ChangeScheme implements ControlScheme {
  readonly axes: readonly string[];
  readonly takesPoints: boolean;
  readonly #actions: Box;
  readonly #observations: Box;
  /** Where in the observation the command of each axis is. */
  readonly #at: readonly number[];

  constructor(axes: readonly string[], at: readonly number[], actions: Box, observations: Box) {
    this.axes = axes;
    this.takesPoints = isPlanar(axes);
    this.#actions = actions;
    this.#observations = observations;
    this.#at = at;
  }

  begin(): void {}

  commanded(observation: Float32Array): readonly number[] {
    return this.#at.map((index) => observation[index] ?? 0);
  }

  act(wish: Wish | null, observation: Float32Array): Float32Array {
    if (wish === null) return new Float32Array(this.axes.length);
    const change = wish.kind === 'velocity' ? this.#atSpeed(wish.velocity) : this.#towards(wish, observation);
    return clipAction(this.#actions, new Float32Array(change));
  }

  #atSpeed(velocity: readonly number[]): readonly number[] {
    return velocity.map((share, axis) => Math.abs(share) * this.#most(axis, share));
  }

  /** The change to a place, shortened to what one step allows; its direction stays, so that the way is straight. */
  #towards({ point }: Wish & { readonly kind: 'point' }, observation: Float32Array): readonly number[] {
    const { low, high } = this.#observations;
    const changes = this.commanded(observation).map((now, axis) => {
      const index = this.#at[axis] as number;
      // the command cannot leave its range: what lies beyond is not to be recorded as wanted
      const within = Math.min(Math.max(point[axis] ?? now, low[index] as number), high[index] as number);
      // what is commanded is of single precision, and is to rest once it has arrived
      return Math.fround(within) - now;
    });
    const shares = changes.map((change, axis) =>
      change === 0 ? 0 : Math.abs(change / this.#most(axis, change)),
    );
    const longest = Math.max(1, ...shares);
    return changes.map((change) => change / longest);
  }

  /** The greatest change of an axis in the direction of a sign. */
  #most(axis: number, sign: number): number {
    return (sign < 0 ? this.#actions.low[axis] : this.#actions.high[axis]) ?? 0;
  }
}

/** The action is the commanded place itself. */
class PlaceScheme implements ControlScheme {
  readonly axes: readonly string[] = ['x', 'y'];
  readonly takesPoints = true;
  readonly #task: Task;
  readonly #actions: Box;
  #place: Float32Array = new Float32Array(2);

  constructor(task: Task, actions: Box) {
    this.#task = task;
    this.#actions = actions;
  }

  begin(): void {
    const { movingParts, parts } = this.#task.scene;
    const poses = new Float32Array(3 * movingParts);
    this.#task.poses(poses);
    const hand = parts.find(({ poseIndex, role }) => role === 'robot' && poseIndex !== undefined);
    const at = 3 * (hand?.poseIndex ?? 0);
    this.#place = clipAction(this.#actions, poses.slice(at, at + 2));
  }

  commanded(): readonly number[] {
    return [...this.#place];
  }

  act(wish: Wish | null): Float32Array {
    if (wish !== null) this.#place = clipAction(this.#actions, new Float32Array(this.#wanted(wish)));
    return this.#place.slice();
  }

  #wanted(wish: Wish): readonly number[] {
    if (wish.kind === 'point') return wish.point;
    const share = this.#task.dtSeconds / CROSSING_SECONDS;
    return wish.velocity.map((speed, axis) => {
      const range = (this.#actions.high[axis] ?? 0) - (this.#actions.low[axis] ?? 0);
      return (this.#place[axis] ?? 0) + speed * share * range;
    });
  }
}

function isPlanar(axes: readonly string[]): boolean {
  return axes.length === 2 && axes[0] === 'x' && axes[1] === 'y';
}

/**
 * Finds how a task is driven by hand, by the names of its actions: `delta_NAME` with an observed `commanded_NAME` changes a
 * command, `target_x` and `target_y` are one.
 *
 * @throws UsageError when its actions are of neither kind, or unbounded.
 */
export function controlSchemeOf({ env, task }: MadeTask): ControlScheme {
  const { actionNames, observationNames } = task;
  const { actionSpace, observationSpace } = env;
  if (actionSpace instanceof Box && observationSpace instanceof Box) {
    const isBounded = [...actionSpace.low, ...actionSpace.high].every(Number.isFinite);
    const axes = actionNames.map((name) => name.replace(/^(delta|target)_/, ''));
    const at = axes.map((axis) => observationNames.indexOf(`commanded_${axis}`));
    const isChange =
      actionNames.every((name) => name.startsWith('delta_')) && at.every((index) => index >= 0);
    if (isBounded && isChange) return new ChangeScheme(axes, at, actionSpace, observationSpace);
    const isPlace = actionNames.every((name) => name.startsWith('target_')) && isPlanar(axes);
    if (isBounded && isPlace) return new PlaceScheme(task, actionSpace);
  }
  throw new UsageError({
    what: 'The task cannot be driven by hand: its actions do not say what they move',
    where: task.spec?.id ?? 'task',
    found: `actions ${actionNames.join(', ')}; observations ${observationNames.join(', ')}`,
    expected:
      'bounded actions delta_NAME, each with an observation commanded_NAME, or the actions target_x and target_y',
  });
}
