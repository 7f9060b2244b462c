import { UsageError } from '../../errors.ts';
import type { Env, ResetOptions, ResetResult, StepResult } from '../env.ts';
import { Box } from '../spaces/box.ts';
import { Dict } from '../spaces/dict.ts';
import { flatten, flattenSpace } from '../spaces/flatten.ts';
import type { Space } from '../spaces/space.ts';
import { Wrapper } from './wrapper.ts';

/** How {@link TimeAware} tells the time. */
export interface TimeAwareOptions {
  /** Whether time and observation are flattened into one vector, time last; true where left out. */
  readonly flatten?: boolean;
  /** Whether time runs from 0 to 1 over the time limit, not in control steps; true where left out. */
  readonly normalizeTime?: boolean;
}

/**
 * Adds the time since the episode began to the observation, so that a policy can tell how long is left. Needs a time
 * limit. A Dict observation gains the key `time`; another one becomes `{ obs, time }`.
 */
export class TimeAware<A = unknown> extends Wrapper<unknown, A> {
  override readonly observationSpace: Space<unknown>;
  readonly #options: Required<TimeAwareOptions>;
  readonly #named: Dict<Readonly<Record<string, Space<unknown>>>>;
  readonly #limit: number;
  #elapsed = 0;

  /** @throws UsageError when the environment has no time limit. */
  constructor(env: Env<unknown, A>, options: TimeAwareOptions = {}) {
    super(env);
    this.#options = { flatten: options.flatten ?? true, normalizeTime: options.normalizeTime ?? true };
    const limit = env.spec?.maxEpisodeSteps ?? null;
    if (limit === null) {
      throw new UsageError({
        what: 'TimeAware needs an environment with a time limit',
        remedy: 'make(id, { maxEpisodeSteps })',
      });
    }
    this.#limit = limit;
    const time = this.#options.normalizeTime
      ? new Box({ low: 0, high: 1, shape: [1] })
      : new Box({ low: 0, high: limit, shape: [1], dtype: 'int32' });
    const inner = env.observationSpace;
    const parts: Readonly<Record<string, Space<unknown>>> =
      inner instanceof Dict ? inner.spaces : { obs: inner };
    this.#named = new Dict<Readonly<Record<string, Space<unknown>>>>({ ...parts, time });
    this.observationSpace = this.#options.flatten ? flattenSpace(this.#named) : this.#named;
  }

  protected override wrapperKwargs() {
    return { ...this.#options };
  }

  #observe(observation: unknown): unknown {
    const { normalizeTime } = this.#options;
    const time = normalizeTime
      ? new Float32Array([this.#elapsed / this.#limit])
      : new Int32Array([this.#elapsed]);
    const inner = this.env.observationSpace;
    const named = { ...(inner instanceof Dict ? (observation as object) : { obs: observation }), time };
    return this.#options.flatten ? flatten(this.#named, named) : named;
  }

  override reset(options?: ResetOptions): ResetResult<unknown> {
    const { observation, info } = this.env.reset(options);
    this.#elapsed = 0;
    return { observation: this.#observe(observation), info };
  }

  override step(action: A): StepResult<unknown> {
    const result = this.env.step(action);
    this.#elapsed++;
    return { ...result, observation: this.#observe(result.observation) };
  }
}
