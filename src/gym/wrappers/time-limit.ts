import { ResetNeededError, UsageError } from '../../errors.ts';
import type { Env, ResetOptions, ResetResult, StepResult, StepTarget } from '../env.ts';
import { stepInto } from '../step-into.ts';
import { Wrapper } from './wrapper.ts';

/** Truncates an episode after a number of steps; `terminated` stays what the environment says. */
export class TimeLimit<O = unknown, A = unknown> extends Wrapper<O, A> {
  readonly maxEpisodeSteps: number;
  /** Steps taken in this episode; null when the next call must be `reset`. */
  #elapsed: number | null = null;

  /** @throws UsageError when the limit is not a whole number of at least 1. */
  constructor(env: Env<O, A>, maxEpisodeSteps: number) {
    super(env);
    if (!Number.isSafeInteger(maxEpisodeSteps) || maxEpisodeSteps < 1) {
      throw new UsageError({
        what: 'The time limit is not a whole number of at least 1',
        where: 'maxEpisodeSteps',
        found: String(maxEpisodeSteps),
      });
    }
    this.maxEpisodeSteps = maxEpisodeSteps;
  }

  override reset(options?: ResetOptions): ResetResult<O> {
    const result = super.reset(options);
    this.#elapsed = 0;
    return result;
  }

  protected override wrapperKwargs(): undefined {
    return undefined;
  }

  #requireTime(): void {
    if (this.#elapsed !== this.maxEpisodeSteps) return;
    throw new ResetNeededError({
      what: 'step was called after the time limit had ended the episode',
      remedy: 'call reset() to begin an episode',
    });
  }

  /** @throws ResetNeededError when the limit was reached and no reset followed. */
  stepInto(action: A, target: StepTarget<O>): void {
    this.#requireTime();
    stepInto(this.env, action, target);
    this.#elapsed = (this.#elapsed ?? 0) + 1;
    if (this.#elapsed >= this.maxEpisodeSteps) target.truncated = true;
  }

  /** @throws ResetNeededError when the limit was reached and no reset followed. */
  override step(action: A): StepResult<O> {
    this.#requireTime();
    const result = super.step(action);
    this.#elapsed = (this.#elapsed ?? 0) + 1;
    if (this.#elapsed < this.maxEpisodeSteps) return result;
    return { ...result, truncated: true };
  }
}
