import { UsageError } from '../../errors.ts';
import type { Env, ResetOptions, ResetResult, StepResult } from '../env.ts';
import { Wrapper } from './wrapper.ts';

/** What is recorded of a finished episode, by Gymnasium's names. */
export interface EpisodeStatistics {
  /** Return: the sum of the rewards. */
  readonly r: number;
  /** Length, control steps. */
  readonly l: number;
  /** Time since the episode began, in the clock's unit; absent without a clock. */
  readonly t?: number;
}

/** How {@link RecordEpisodeStatistics} records. */
export interface RecordEpisodeStatisticsOptions {
  /** Episodes kept in `returns` and `lengths`; 100 where left out. */
  readonly bufferLength?: number;
  /** Key of the statistics in the last step's `info`; 'episode' where left out. */
  readonly statsKey?: string;
  /** Tells the time, in whatever unit; without it no times are recorded. */
  readonly clock?: () => number;
}

/** Adds return and length of the episode to the `info` of its last step, and keeps those of the latest episodes. */
export class RecordEpisodeStatistics<O = unknown, A = unknown> extends Wrapper<O, A> {
  /** Returns of the latest finished episodes, oldest first. */
  readonly returns: number[] = [];
  /** Lengths of the latest finished episodes, oldest first; control steps. */
  readonly lengths: number[] = [];
  /** Episodes that were finished since construction. */
  episodeCount = 0;
  readonly #bufferLength: number;
  readonly #statsKey: string;
  readonly #clock: (() => number) | undefined;
  #began = 0;
  #return = 0;
  #length = 0;

  /** @throws UsageError when the buffer's length is not a whole number of at least 1. */
  constructor(env: Env<O, A>, options: RecordEpisodeStatisticsOptions = {}) {
    super(env);
    this.#bufferLength = options.bufferLength ?? 100;
    this.#statsKey = options.statsKey ?? 'episode';
    this.#clock = options.clock;
    if (!Number.isSafeInteger(this.#bufferLength) || this.#bufferLength < 1) {
      throw new UsageError({
        what: 'The number of episodes to keep is not a whole number of at least 1',
        where: 'bufferLength',
        found: String(this.#bufferLength),
      });
    }
  }

  protected override wrapperKwargs() {
    const kwargs = { bufferLength: this.#bufferLength, statsKey: this.#statsKey };
    return this.#clock === undefined ? kwargs : null;
  }

  override reset(options?: ResetOptions): ResetResult<O> {
    const result = super.reset(options);
    this.#return = 0;
    this.#length = 0;
    this.#began = this.#clock?.() ?? 0;
    return result;
  }

  override step(action: A): StepResult<O> {
    const result = super.step(action);
    this.#return += result.reward;
    this.#length++;
    if (!result.terminated && !result.truncated) return result;
    const time = this.#clock === undefined ? {} : { t: this.#clock() - this.#began };
    const statistics: EpisodeStatistics = { r: this.#return, l: this.#length, ...time };
    this.episodeCount++;
    keep(this.returns, statistics.r, this.#bufferLength);
    keep(this.lengths, statistics.l, this.#bufferLength);
    return { ...result, info: { ...result.info, [this.#statsKey]: statistics } };
  }
}

function keep(values: number[], value: number, limit: number): void {
  values.push(value);
  if (values.length > limit) values.shift();
}
