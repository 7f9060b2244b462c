import type { Env } from '../env.ts';
import type { Box, BoxArray, BoxDtype } from '../spaces/box.ts';
import { flatten, flattenSpace } from '../spaces/flatten.ts';
import { ObservationWrapper } from './observation-wrapper.ts';

/** Flattens observations into one vector, as `flattenSpace` describes it. */
export class FlattenObservation<A = unknown> extends ObservationWrapper<BoxArray, A, unknown> {
  override readonly observationSpace: Box<BoxDtype>;

  /** @throws SpaceError when observations differ in their number of elements. */
  constructor(env: Env<unknown, A>) {
    super(env);
    this.observationSpace = flattenSpace(env.observationSpace);
  }

  protected override wrapperKwargs() {
    return {};
  }

  protected observe(observation: unknown): BoxArray {
    return flatten(this.env.observationSpace, observation);
  }
}
