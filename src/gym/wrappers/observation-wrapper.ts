import type { ResetOptions, ResetResult, StepResult } from '../env.ts';
import { Wrapper } from './wrapper.ts';

/** A wrapper that turns each inner observation into an outer one; after Gymnasium's `ObservationWrapper`. */
export abstract class ObservationWrapper<O, A, IO> extends Wrapper<O, A, IO, A> {
  /** Turns an inner observation into an outer one; neither changes nor keeps it. */
  protected abstract observe(observation: IO): O;

  override reset(options?: ResetOptions): ResetResult<O> {
    const { observation, info } = this.env.reset(options);
    return { observation: this.observe(observation), info };
  }

  override step(action: A): StepResult<O> {
    const result = this.env.step(action);
    return { ...result, observation: this.observe(result.observation) };
  }
}
