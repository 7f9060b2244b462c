import type { Task } from '../envs/task.ts';
import type { DatasetInfo } from '../src/data/dataset.ts';
import type { Episode } from '../src/data/episode.ts';

/** Describes the dataset that recorded episodes of a task go into, whoever drives, for `createDataset`. */
export function recordingInfo(envId: string, task: Task): DatasetInfo {
  const flag = (name: string) => ({ width: 1, names: [name] });
  return {
    envId,
    modes: task.behavior.modes,
    fps: 1 / task.dtSeconds,
    columns: {
      'observation.state': { width: task.observationNames.length, names: task.observationNames },
      action: { width: task.actionNames.length, names: task.actionNames },
      'next.reward': flag('reward'),
      'next.done': flag('done'),
      'next.success': flag('success'),
    },
  };
}

/** What is known of an episode beside its rows and its outcome. */
export type EpisodeOrigin = Pick<Episode, 'seed' | 'resetOptions' | 'provenance'>;

/** Gathers the rows of one episode as it is driven, in the columns of {@link recordingInfo}. */
export class EpisodeRecorder {
  readonly #rows = {
    'observation.state': [] as number[],
    action: [] as number[],
    'next.reward': [] as number[],
    'next.done': [] as number[],
    'next.success': [] as number[],
  };
  #length = 0;

  /** T, control steps so far. */
  get length(): number {
    return this.#length;
  }

  /**
   * Adds a control step.
   *
   * @param observation - what was observed before it, shape `[Do]`.
   * @param action - what was done, shape `[Da]`.
   * @param next - what came of it.
   */
  push(
    observation: Float32Array,
    action: Float32Array,
    next: { readonly reward: number; readonly success: boolean },
  ): void {
    const rows = this.#rows;
    rows['observation.state'].push(...observation);
    rows.action.push(...action);
    rows['next.reward'].push(next.reward);
    rows['next.done'].push(0);
    rows['next.success'].push(next.success ? 1 : 0);
    this.#length++;
  }

  /** Closes the episode with what the task has come to. */
  finish(task: Task, origin: EpisodeOrigin): Episode {
    const rows = this.#rows;
    // the recording ends here, whether the environment or who drove it ended it
    if (this.#length > 0) rows['next.done'][this.#length - 1] = 1;
    const columns = Object.entries(rows).map(([name, values]) => [name, new Float32Array(values)] as const);
    const { mode, success } = task.outcome();
    return {
      length: this.#length,
      columns: Object.fromEntries(columns),
      ...origin,
      mode,
      success,
      finalStateHash: task.stateHash(),
    };
  }
}
