import { ConfigError } from '../errors.ts';
import type { Rng } from '../random.ts';
import type { LoopConfig } from './gradient-config.ts';

/** Steps of the data, parted by whole episodes. */
export interface HeldOutSplit {
  /** Steps to learn from, in order. */
  readonly training: Int32Array;
  /** Steps of the episodes held out, in order; empty where none are. */
  readonly validation: Int32Array;
}

/**
 * Draws the episodes to hold out.
 *
 * @param episodes - E.
 * @param share - of the episodes, rounded; at least one where it is above 0, and at least one is left to learn from.
 * @returns their indices, ascending.
 */
export function drawHeldOut(episodes: number, share: number, rng: Rng): number[] {
  if (share <= 0) return [];
  const wanted = Math.max(1, Math.round(share * episodes));
  const order = Array.from({ length: episodes }, (_, episode) => episode);
  return rng
    .shuffle(order)
    .slice(0, Math.min(wanted, episodes - 1))
    .sort((a, b) => a - b);
}

/**
 * Holds whole episodes out, so that no step to be judged has a neighbour among those learned from.
 *
 * @param episodeStarts - shape `[E + 1]`.
 * @param share - as of {@link drawHeldOut}.
 */
export function holdOut(episodeStarts: Int32Array, share: number, rng: Rng): HeldOutSplit {
  const episodes = episodeStarts.length - 1;
  const heldOut = new Set(drawHeldOut(episodes, share, rng));
  const training: number[] = [];
  const validation: number[] = [];
  for (let episode = 0; episode < episodes; episode++) {
    const steps = heldOut.has(episode) ? validation : training;
    for (let s = episodeStarts[episode] as number; s < (episodeStarts[episode + 1] as number); s++) {
      steps.push(s);
    }
  }
  return { training: Int32Array.from(training), validation: Int32Array.from(validation) };
}

/**
 * Requires episodes to find the best checkpoint by.
 *
 * @param episodes - of which some could be held out.
 * @throws ConfigError where the best checkpoint is asked for and nothing is held out of them.
 */
export function requireHeldOut(
  { checkpoint, validation }: Pick<LoopConfig, 'checkpoint' | 'validation'>,
  episodes: number,
): void {
  if (checkpoint !== 'best' || (validation > 0 && episodes > 1)) return;
  throw new ConfigError({
    what: 'Without episodes held out no checkpoint is the best',
    where: 'checkpoint=best',
    found: `validation=${validation} of ${episodes} episodes`,
    remedy: 'checkpoint=last, or a validation above 0 of at least 2 episodes',
  });
}
