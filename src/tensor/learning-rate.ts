import { ConfigError } from '../errors.ts';

/** Gives the learning rate of a step, counted from 0. */
export type LearningRate = (step: number) => number;

/** The options of {@link warmupCosine}. */
export interface WarmupCosineOptions {
  /** The learning rate at the end of the warm-up. */
  readonly peak: number;
  /** Steps of linear rise from peak/warmupSteps; 0 where left out. */
  readonly warmupSteps?: number;
  /** Steps of the whole schedule, warm-up included; the rate stays at its end value after them. */
  readonly totalSteps: number;
  /** The learning rate at the end; 0 where left out. */
  readonly end?: number;
}

/** Keeps one learning rate. */
export function constantRate(rate: number): LearningRate {
  return () => rate;
}

/**
 * Rises linearly over the warm-up, then falls along half a cosine: end + ½(peak − end)(1 + cos πt), t going from 0 to 1
 * between the end of the warm-up and the last step (Loshchilov and Hutter 2017, SGDR, eq. 5, one period).
 *
 * @throws ConfigError when the warm-up is longer than the schedule or a number is negative.
 */
export function warmupCosine(options: WarmupCosineOptions): LearningRate {
  const { peak, warmupSteps = 0, totalSteps, end = 0 } = options;
  if (!(peak >= 0 && end >= 0 && warmupSteps >= 0 && totalSteps >= 1 && warmupSteps <= totalSteps)) {
    throw new ConfigError({
      what: 'The learning-rate schedule contradicts itself',
      found: `peak ${peak}, end ${end}, warmupSteps ${warmupSteps}, totalSteps ${totalSteps}`,
      expected: 'rates >= 0 and 0 <= warmupSteps <= totalSteps, totalSteps >= 1',
    });
  }
  const fall = Math.max(1, totalSteps - warmupSteps);
  return (step) => {
    if (step < warmupSteps) return (peak * (step + 1)) / warmupSteps;
    const progress = Math.min(1, (step - warmupSteps) / fall);
    return end + 0.5 * (peak - end) * (1 + Math.cos(Math.PI * progress));
  };
}
