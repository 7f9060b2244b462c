import type { ResetOptions, ResetResult, StepResult } from '../env.ts';
import { Wrapper } from './wrapper.ts';

/**
 * Begins the next episode by itself: the `step` after an episode's end ignores its action and returns what `reset`
 * gave, with reward 0 and neither terminated nor truncated. After Gymnasium's `Autoreset`.
 */
export class Autoreset<O = unknown, A = unknown> extends Wrapper<O, A> {
  #ended = false;

  protected override wrapperKwargs() {
    return {};
  }

  override reset(options?: ResetOptions): ResetResult<O> {
    this.#ended = false;
    return super.reset(options);
  }

  override step(action: A): StepResult<O> {
    if (this.#ended) return { ...this.reset(), reward: 0, terminated: false, truncated: false };
    const result = super.step(action);
    this.#ended = result.terminated || result.truncated;
    return result;
  }
}
