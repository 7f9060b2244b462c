import { tf } from '../tensor/tf.ts';
import type { NormalizedData } from './normalized-data.ts';
import { Rows } from './rows.ts';

/** How much of an episode a policy sees and plans at once. */
export interface WindowShape {
  /** T, observations up to and including the present one. */
  readonly history: number;
  /** K, actions from the present one on. */
  readonly chunk: number;
  /** Whether the actions taken at the earlier observations come first: then there are T - 1 + K of them. */
  readonly pastActions?: boolean;
}

/** Windows of episodes as tensors; whoever gathers them disposes of them. */
export interface WindowBatch {
  /** Normalized, shape `[n, T, Do]`. */
  readonly observations: tf.Tensor3D;
  /** Normalized, shape `[n, A, Da]`, A being K, or T - 1 + K with past actions. */
  readonly actions: tf.Tensor3D;
  /** 1 for an action of the episode, 0 for one repeated to fill the window, shape `[n, A]`. */
  readonly mask: tf.Tensor2D;
}

/** The episode that each step of the data belongs to: its first step, and the one after its last, shape `[N]` each. */
export interface EpisodeBounds {
  readonly starts: Int32Array;
  readonly ends: Int32Array;
}

/** Finds the bounds of every step's episode. @param episodeStarts - as of `TrainingData`, shape `[E + 1]`. */
export function episodeBounds(episodeStarts: Int32Array): EpisodeBounds {
  const steps = episodeStarts.at(-1) ?? 0;
  const starts = new Int32Array(steps);
  const ends = new Int32Array(steps);
  for (let episode = 0; episode + 1 < episodeStarts.length; episode++) {
    const [start, end] = [episodeStarts[episode] as number, episodeStarts[episode + 1] as number];
    starts.fill(start, start, end);
    ends.fill(end, start, end);
  }
  return { starts, ends };
}

/** Lists `count` steps from `present + first` on for each present one, kept within their episodes, shape `[n · count]`. */
export function stepsAround(
  { ends, starts }: EpisodeBounds,
  present: Int32Array,
  first: number,
  count: number,
): Int32Array {
  const steps = new Int32Array(present.length * count);
  for (let i = 0; i < present.length; i++) {
    const step = present[i] as number;
    const [start, last] = [starts[step] as number, (ends[step] as number) - 1];
    for (let j = 0; j < count; j++) {
      steps[i * count + j] = Math.min(Math.max(step + first + j, start), last);
    }
  }
  return steps;
}

/**
 * Every window of every episode: step t of the data is the present of window t. Windows that reach over an end of
 * their episode repeat its first or last step there, which the mask tells (Chi et al. 2023, `sampler.py` of
 * `real-stanford/diffusion_policy`, pads the same way). Owns tensors where the data lies on the device.
 */
export class Windows {
  readonly shape: WindowShape;
  readonly #observations: Rows;
  readonly #actions: Rows;
  readonly #bounds: EpisodeBounds;

  /** @param onDevice - whether to upload the data and gather there; see {@link Rows}. */
  constructor(problem: NormalizedData, shape: WindowShape, onDevice: boolean) {
    this.shape = shape;
    this.#observations = new Rows(problem.observations, problem.observationSize, onDevice);
    this.#actions = new Rows(problem.actions, problem.actionSize, onDevice);
    this.#bounds = episodeBounds(problem.data.episodeStarts);
  }

  /** A, the actions in a window. */
  get actionCount(): number {
    const { chunk, history, pastActions } = this.shape;
    return pastActions === true ? history - 1 + chunk : chunk;
  }

  /** N, the windows there are: one per step of the data. */
  get count(): number {
    return this.#bounds.starts.length;
  }

  /**
   * Gathers windows by the steps that are their present.
   *
   * @param present - shape `[n]`.
   * @returns the windows; the caller disposes of them.
   */
  gather(present: Int32Array): WindowBatch {
    const n = present.length;
    const { history } = this.shape;
    const seen = stepsAround(this.#bounds, present, 1 - history, history);
    const done = stepsAround(this.#bounds, present, this.#firstAction, this.actionCount);
    const [observations, actions] = [this.#observations.gather(seen), this.#actions.gather(done)];
    const batch = {
      observations: observations.as3D(n, history, this.#observations.width),
      actions: actions.as3D(n, this.actionCount, this.#actions.width),
      mask: tf.tensor2d(this.#mask(present), [n, this.actionCount]),
    };
    observations.dispose();
    actions.dispose();
    return batch;
  }

  get #firstAction(): number {
    return this.shape.pastActions === true ? 1 - this.shape.history : 0;
  }

  #mask(present: Int32Array): Float32Array {
    const count = this.actionCount;
    const { ends, starts } = this.#bounds;
    const mask = new Float32Array(present.length * count);
    for (let i = 0; i < present.length; i++) {
      const step = present[i] as number;
      for (let j = 0; j < count; j++) {
        const at = step + this.#firstAction + j;
        const inside = at >= (starts[step] as number) && at < (ends[step] as number);
        mask[i * count + j] = inside ? 1 : 0;
      }
    }
    return mask;
  }

  /** Frees what lies on the device. */
  dispose(): void {
    this.#observations.dispose();
    this.#actions.dispose();
  }
}
