import { UsageError } from '../../errors.ts';
import { Rng } from '../../random.ts';
import { checkAction } from '../check-action.ts';
import { cloneValue } from '../clone-value.ts';
import type { Env, ResetOptions, ResetResult, StepResult } from '../env.ts';
import { entropySeed } from '../seeding.ts';
import { Wrapper } from './wrapper.ts';

/** How {@link StickyAction} sticks. */
export interface StickyActionOptions {
  /** Chance in [0, 1) that the previous action is taken once more in place of the given one. */
  readonly repeatActionProbability: number;
  /** Control steps for which it then goes on; 1 where left out. */
  readonly repeatActionDuration?: number;
}

/**
 * Takes the previous action again with a certain probability (Machado et al. 2018). Its draws come from a stream of
 * their own below the seed that `reset` is given, and leave those of the environment alone.
 */
export class StickyAction<O = unknown, A = unknown> extends Wrapper<O, A> {
  readonly #probability: number;
  readonly #duration: number;
  #rng: Rng | null = null;
  #previous: { readonly action: A } | null = null;
  #left = 0;

  /** @throws UsageError when the probability or the duration is out of range. */
  constructor(env: Env<O, A>, options: StickyActionOptions) {
    super(env);
    this.#probability = options.repeatActionProbability;
    this.#duration = options.repeatActionDuration ?? 1;
    const valid = this.#probability >= 0 && this.#probability < 1;
    if (!valid || !Number.isSafeInteger(this.#duration) || this.#duration < 1) {
      throw new UsageError({
        what: 'StickyAction cannot stick like this',
        found: JSON.stringify(options),
        expected: 'repeatActionProbability in [0, 1), and a whole repeatActionDuration of at least 1',
      });
    }
  }

  protected override wrapperKwargs() {
    return { repeatActionProbability: this.#probability, repeatActionDuration: this.#duration };
  }

  override reset(options?: ResetOptions): ResetResult<O> {
    const result = super.reset(options);
    if (options?.seed !== undefined) this.#rng = Rng.fromSeed(options.seed).fork('sticky action');
    this.#previous = null;
    this.#left = 0;
    return result;
  }

  /** @throws InvalidActionError when the given action is not in the action space, taken or not. */
  override step(action: A): StepResult<O> {
    checkAction(this.actionSpace, action);
    this.#rng ??= Rng.fromSeed(entropySeed());
    if (this.#previous === null) this.#previous = { action: cloneValue(action) };
    else if (this.#left > 0) this.#left--;
    else if (this.#rng.uniform() < this.#probability) this.#left = this.#duration - 1;
    else this.#previous = { action: cloneValue(action) };
    return super.step(this.#previous.action);
  }
}
