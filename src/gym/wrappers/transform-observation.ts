import type { Env } from '../env.ts';
import type { Space } from '../spaces/space.ts';
import { ObservationWrapper } from './observation-wrapper.ts';

/** Puts observations through a function. */
export class TransformObservation<O = unknown, A = unknown, IO = O> extends ObservationWrapper<O, A, IO> {
  override readonly observationSpace: Space<O>;
  readonly #func: (observation: IO) => O;

  /**
   * @param options - `func` returns a new observation and leaves its argument alone; `observationSpace` is the outer
   * one, the inner one where left out.
   */
  constructor(
    env: Env<IO, A>,
    options: { readonly func: (observation: IO) => O; readonly observationSpace?: Space<O> },
  ) {
    super(env);
    this.#func = options.func;
    this.observationSpace = options.observationSpace ?? (env.observationSpace as unknown as Space<O>);
  }

  protected observe(observation: IO): O {
    return this.#func(observation);
  }
}
