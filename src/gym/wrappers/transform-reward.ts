import type { Env, StepResult } from '../env.ts';
import { Wrapper } from './wrapper.ts';

/** Puts rewards through a function. */
export class TransformReward<O = unknown, A = unknown> extends Wrapper<O, A> {
  readonly #func: (reward: number) => number;

  constructor(env: Env<O, A>, options: { readonly func: (reward: number) => number }) {
    super(env);
    this.#func = options.func;
  }

  override step(action: A): StepResult<O> {
    const result = super.step(action);
    return { ...result, reward: this.#func(result.reward) };
  }
}
