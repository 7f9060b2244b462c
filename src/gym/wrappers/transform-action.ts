import type { Env, StepResult } from '../env.ts';
import type { Space } from '../spaces/space.ts';
import { Wrapper } from './wrapper.ts';

/** Puts actions through a function before the environment gets them. */
export class TransformAction<O = unknown, A = unknown, IA = A> extends Wrapper<O, A, O, IA> {
  override readonly actionSpace: Space<A>;
  readonly #func: (action: A) => IA;

  /**
   * @param options - `func` returns a new action and leaves its argument alone; `actionSpace` is the outer one, the
   * inner one where left out.
   */
  constructor(
    env: Env<O, IA>,
    options: { readonly func: (action: A) => IA; readonly actionSpace?: Space<A> },
  ) {
    super(env);
    this.#func = options.func;
    this.actionSpace = options.actionSpace ?? (env.actionSpace as unknown as Space<A>);
  }

  override step(action: A): StepResult<O> {
    return this.env.step(this.#func(action));
  }
}
