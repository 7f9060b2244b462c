import type { Env, RenderFrame, ResetOptions, ResetResult, StepResult, StepTarget } from '../env.ts';
import { checkFrame, checkMetadata, checkResetResult, checkSpace, checkStepResult } from '../env-contract.ts';
import { stepInto } from '../step-into.ts';
import { Wrapper } from './wrapper.ts';

/**
 * Holds an environment to its contract while it is used: spaces and metadata at construction, and what the first
 * `reset`, the first `step` and the first `render` return, as Gymnasium's wrapper of the same name does. Later calls
 * are passed on unchecked, so that the check costs nothing in the long run; `checkEnv` is the thorough one.
 */
export class PassiveEnvChecker<O = unknown, A = unknown> extends Wrapper<O, A> {
  #resetChecked = false;
  #stepChecked = false;
  #renderChecked = false;

  /** @throws EnvCheckError when a space or the metadata breaks the contract. */
  constructor(env: Env<O, A>) {
    super(env);
    checkSpace(env as Env, 'observationSpace');
    checkSpace(env as Env, 'actionSpace');
    checkMetadata(env as Env);
  }

  protected override wrapperKwargs(): undefined {
    return undefined;
  }

  /** @throws EnvCheckError when the first result breaks the contract. */
  override reset(options?: ResetOptions): ResetResult<O> {
    const result = super.reset(options);
    if (this.#resetChecked) return result;
    this.#resetChecked = true;
    checkResetResult(this.env as Env, result);
    return result;
  }

  /** @throws EnvCheckError when the first result breaks the contract. */
  override step(action: A): StepResult<O> {
    const result = super.step(action);
    if (this.#stepChecked) return result;
    this.#stepChecked = true;
    checkStepResult(this.env as Env, result);
    return result;
  }

  /** @throws EnvCheckError when the first result breaks the contract. */
  stepInto(action: A, target: StepTarget<O>): void {
    stepInto(this.env, action, target);
    if (this.#stepChecked) return;
    this.#stepChecked = true;
    checkStepResult(this.env as Env, target);
  }

  /** @throws EnvCheckError when the first frame breaks the contract. */
  override render(): RenderFrame {
    const frame = super.render();
    if (this.#renderChecked) return frame;
    this.#renderChecked = true;
    checkFrame(this.env as Env, frame);
    return frame;
  }
}
