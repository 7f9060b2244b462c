import { ResetNeededError } from '../../errors.ts';
import type { ResetOptions, ResetResult, StepResult } from '../env.ts';
import { Wrapper } from './wrapper.ts';

/** Refuses `step` while no episode is running: before the first `reset`, after the end, and after `close`. */
export class OrderEnforcing<O = unknown, A = unknown> extends Wrapper<O, A> {
  #state: 'new' | 'running' | 'ended' | 'closed' = 'new';

  override reset(options?: ResetOptions): ResetResult<O> {
    if (this.#state === 'closed') {
      throw new ResetNeededError({ what: 'The environment is closed', remedy: 'make a new one' });
    }
    const result = super.reset(options);
    this.#state = 'running';
    return result;
  }

  /** @throws ResetNeededError when no episode is running. */
  override step(action: A): StepResult<O> {
    if (this.#state !== 'running') {
      const reasons = {
        new: 'step was called before the first reset',
        ended: 'step was called after the episode had ended',
        closed: 'step was called after close',
      };
      throw new ResetNeededError({ what: reasons[this.#state], remedy: 'call reset() to begin an episode' });
    }
    const result = super.step(action);
    if (result.terminated || result.truncated) this.#state = 'ended';
    return result;
  }

  override close(): void {
    this.#state = 'closed';
    super.close();
  }
}
