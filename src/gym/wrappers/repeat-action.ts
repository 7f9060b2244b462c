import { UsageError } from '../../errors.ts';
import type { Env, StepResult } from '../env.ts';
import { Wrapper } from './wrapper.ts';

/** Takes each action several times, until the episode ends; rewards are added, the last observation is returned. */
export class RepeatAction<O = unknown, A = unknown> extends Wrapper<O, A> {
  readonly repeats: number;

  /** @throws UsageError when the number of repeats is not a whole number of at least 1. */
  constructor(env: Env<O, A>, options: { readonly repeats: number }) {
    super(env);
    this.repeats = options.repeats;
    if (!Number.isSafeInteger(this.repeats) || this.repeats < 1) {
      throw new UsageError({
        what: 'The number of repeats is not a whole number of at least 1',
        where: 'repeats',
        found: String(this.repeats),
      });
    }
  }

  protected override wrapperKwargs() {
    return { repeats: this.repeats };
  }

  override step(action: A): StepResult<O> {
    let result = super.step(action);
    let reward = result.reward;
    for (let i = 1; i < this.repeats && !result.terminated && !result.truncated; i++) {
      result = super.step(action);
      reward += result.reward;
    }
    return { ...result, reward };
  }
}
