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
  /** Demonstrations, from the first on, that there were before: none of them is held out, whatever was held out of them then. */
  readonly before: number;
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
  { before: first = 0, normalizers }: Partial<DividedAfter> = {},
): DividedProblem {
  const episodes = data.modes.length;
  requireHeldOut(config, episodes - first);
  const drawn = drawHeldOut(episodes - first, config.validation, rng).map((episode) => first + episode);
  // also where some are held out: what is wrong with the data is said of all of it, by its rows
  const whole = new MixtureProblem(data, config, normalizers);
  if (drawn.length === 0) return { problem: whole, heldOut: undefined };
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
