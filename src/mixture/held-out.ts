import { selectEpisodes, type TrainingData } from '../data/training-data.ts';
import type { Rng } from '../random.ts';
import type { LoopConfig } from '../training/gradient-config.ts';
import { drawHeldOut, requireHeldOut } from '../training/held-out.ts';
import type { Normalizers } from '../training/normalized-data.ts';
import { MixtureProblem, type UnitPlan } from './mixture-problem.ts';

/** Demonstrations that a mixture is judged by and does not learn from. */
export interface HeldOut {
  /** Normalized as what is learned from. */
  readonly problem: MixtureProblem;
  /** Which of all demonstrations are learned from, in their order. */
  readonly learned: readonly number[];
  /** How many demonstrations there are in all. */
  readonly episodes: number;
}

/** What is learned from, and what is held out of it. */
export interface DividedProblem {
  readonly problem: MixtureProblem;
  /** Undefined where nothing is. */
  readonly heldOut: HeldOut | undefined;
}

/** What {@link divideProblem} may be told of an extension. */
export interface DividedAfter {
  /** Of the data that was learned from before. */
  readonly normalizers: Normalizers;
  /** Demonstrations, from the first on, that were learned from before: none of them is held out. */
  readonly learned: number;
}

/**
 * Holds demonstrations out of the data of a mixture, as many as the configuration says.
 *
 * @param rng - of this choice alone.
 * @throws ConfigError where the best checkpoint is asked for and nothing can be held out.
 * @throws DatasetError when the data or an episode is empty, or a value is not finite.
 */
export function divideProblem(
  data: TrainingData,
  config: UnitPlan & Pick<LoopConfig, 'checkpoint' | 'validation'>,
  rng: Rng,
  { learned: before, normalizers }: Partial<DividedAfter> = {},
): DividedProblem {
  const first = before ?? 0;
  const episodes = data.modes.length;
  const drawn = drawHeldOut(episodes - first, config.validation, rng).map((episode) => first + episode);
  requireHeldOut(config, { episodes, heldOut: drawn.length });
  if (drawn.length === 0) {
    return { problem: new MixtureProblem(data, config, normalizers), heldOut: undefined };
  }
  const isHeldOut = new Set(drawn);
  const all = Array.from({ length: episodes }, (_, episode) => episode);
  const learned = all.filter((episode) => !isHeldOut.has(episode));
  const problem = new MixtureProblem(selectEpisodes(data, learned), config, normalizers);
  const theirs = new MixtureProblem(selectEpisodes(data, drawn), config, {
    observations: problem.observationNormalizer,
    actions: problem.actionNormalizer,
  });
  return { problem, heldOut: { problem: theirs, learned, episodes } };
}
