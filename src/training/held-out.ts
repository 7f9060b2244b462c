import type { Rng } from '../random.ts';

/** Steps of the data, parted by whole episodes. */
export interface HeldOutSplit {
  /** Steps to learn from, in order. */
  readonly training: Int32Array;
  /** Steps of the episodes held out, in order; empty where none are. */
  readonly validation: Int32Array;
}

/**
 * Holds whole episodes out, so that no step to be judged has a neighbour among those learned from.
 *
 * @param episodeStarts - shape `[E + 1]`.
 * @param share - of the episodes, rounded; at least one where it is above 0, and at least one is left to learn from.
 */
export function holdOut(episodeStarts: Int32Array, share: number, rng: Rng): HeldOutSplit {
  const episodes = episodeStarts.length - 1;
  const wanted = share > 0 ? Math.max(1, Math.round(share * episodes)) : 0;
  const order = Array.from({ length: episodes }, (_, episode) => episode);
  const heldOut = new Set(wanted === 0 ? [] : rng.shuffle(order).slice(0, Math.min(wanted, episodes - 1)));
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
