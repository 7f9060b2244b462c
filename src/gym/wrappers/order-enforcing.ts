import { ResetNeededError } from '../../errors.ts';
import type { RenderFrame, ResetOptions, ResetResult, StepResult, StepTarget } from '../env.ts';
import { requireOptions } from '../require-options.ts';
import { stepInto } from '../step-into.ts';
import { Wrapper } from './wrapper.ts';

/** Refuses `step` while no episode is running: before the first `reset`, after the end, and after `close`. */
export class OrderEnforcing<O = unknown, A = unknown> extends Wrapper<O, A> {
  #state: 'new' | 'running' | 'ended' | 'closed' = 'new';

  /** @throws ResetNeededError after close; UsageError when the options are no object or have another name. */
  override reset(options?: ResetOptions): ResetResult<O> {
    if (this.#state === 'closed') {
      throw new ResetNeededError({ what: 'The environment is closed', remedy: 'make a new one' });
    }
    requireOptions('reset', options, ['seed', 'options']);
    requireOptions('reset options', options?.options, null);
    const result = super.reset(options);
    this.#state = 'running';
    return result;
  }

  protected override wrapperKwargs(): undefined {
    return undefined;
  }

  #requireRunning(): void {
    if (this.#state === 'running') return;
    const reasons = {
      new: 'step was called before the first reset',
      ended: 'step was called after the episode had ended',
      closed: 'step was called after close',
    };
    throw new ResetNeededError({ what: reasons[this.#state], remedy: 'call reset() to begin an episode' });
  }

  /** @throws ResetNeededError when no episode is running. */
  stepInto(action: A, target: StepTarget<O>): void {
    this.#requireRunning();
    stepInto(this.env, action, target);
    if (target.terminated || target.truncated) this.#state = 'ended';
  }

  /** @throws ResetNeededError before the first reset and after close. */
  override render(): RenderFrame {
    if (this.#state === 'new' || this.#state === 'closed') {
      const when = this.#state === 'new' ? 'before the first reset' : 'after close';
      throw new ResetNeededError({ what: `render was called ${when}`, remedy: 'call reset() first' });
    }
    return super.render();
  }

  /** @throws ResetNeededError when no episode is running. */
  override step(action: A): StepResult<O> {
    this.#requireRunning();
    const result = super.step(action);
    if (result.terminated || result.truncated) this.#state = 'ended';
    return result;
  }

  override close(): void {
    this.#state = 'closed';
    super.close();
  }
}
