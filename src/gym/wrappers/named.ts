import { UsageError } from '../../errors.ts';
import { didYouMean } from '../../nearest-name.ts';
import type { Env } from '../env.ts';
import type { EnvKwargs, WrapperSpec } from '../env-spec.ts';
import { Autoreset } from './autoreset.ts';
import { ClipAction } from './clip-action.ts';
import { FilterObservation } from './filter-observation.ts';
import { FlattenObservation } from './flatten-observation.ts';
import { FrameStack } from './frame-stack.ts';
import { NormalizeObservation } from './normalize-observation.ts';
import { RecordEpisodeStatistics } from './record-episode-statistics.ts';
import { RepeatAction } from './repeat-action.ts';
import { RescaleAction } from './rescale-action.ts';
import { StickyAction } from './sticky-action.ts';
import { TimeAware } from './time-aware.ts';

/** The class of a wrapper whose arguments are plain JSON. */
// biome-ignore lint/suspicious/noExplicitAny: a spec's arguments are checked by the wrapper's own constructor
export type NamedWrapper = new (env: any, kwargs: any) => Env<any, any>;

const known = new Map<string, NamedWrapper>(
  Object.entries({
    Autoreset,
    ClipAction,
    FilterObservation,
    FlattenObservation,
    FrameStack,
    NormalizeObservation,
    RecordEpisodeStatistics,
    RepeatAction,
    RescaleAction,
    StickyAction,
    TimeAware,
  }),
);

/**
 * Makes a wrapper known under its class's name, so that a spec can name it.
 *
 * @throws UsageError when the name is taken by another class.
 */
export function registerWrapper(wrapper: NamedWrapper): void {
  const other = known.get(wrapper.name);
  if (other !== undefined && other !== wrapper) {
    throw new UsageError({ what: `A wrapper is registered as '${wrapper.name}' already` });
  }
  known.set(wrapper.name, wrapper);
}

/** Names all wrappers that a spec can name. */
export function namedWrappers(): readonly string[] {
  return [...known.keys()].sort();
}

/**
 * Wraps an environment as a spec says.
 *
 * @throws UsageError when the wrapper is unknown or its arguments could not be written down; what its constructor throws.
 */
export function applyWrapper(env: Env, { name, kwargs }: WrapperSpec): Env {
  if (kwargs === null) {
    throw new UsageError({
      what: `The wrapper '${name}' cannot be made again: its arguments are not plain JSON`,
      where: 'additionalWrappers',
      remedy: 'wrap the environment in code',
    });
  }
  const wrapper = known.get(name);
  if (wrapper === undefined) {
    throw new UsageError({
      what: `No wrapper is known as '${name}'`,
      where: 'additionalWrappers',
      remedy: `${didYouMean(name, known.keys())}; registerWrapper makes one of your own known`,
    });
  }
  return new wrapper(env, kwargs satisfies EnvKwargs);
}
