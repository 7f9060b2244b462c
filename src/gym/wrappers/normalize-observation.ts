import { ConfigError } from '../../errors.ts';
import type { Env } from '../env.ts';
import { Box, type BoxArray } from '../spaces/box.ts';
import { ObservationWrapper } from './observation-wrapper.ts';
import { requireBox } from './require-box.ts';

/** Mean and variance of the observations seen so far, per element; plain JSON. */
export interface ObservationStatistics {
  readonly mean: readonly number[];
  readonly variance: readonly number[];
  /** Number of observations behind them. */
  readonly count: number;
}

/** How {@link NormalizeObservation} begins. */
export interface NormalizeObservationOptions {
  /** Added to the variance before the root is taken; 1e-8 where left out. */
  readonly epsilon?: number;
  /** Statistics to go on from; those of no observation where left out. */
  readonly statistics?: ObservationStatistics;
  /** Whether observations change the statistics; true where left out. */
  readonly updateRunningMean?: boolean;
}

/**
 * Shifts and scales observations to mean 0 and variance 1 by running statistics (Welford 1962, as batches of one in
 * Chan, Golub and LeVeque 1979; Gymnasium's starting weight of 1e-4 for mean 0 and variance 1). While the statistics
 * run on, an observation depends on all that were seen before: freeze them to score a policy.
 */
export class NormalizeObservation<A = unknown> extends ObservationWrapper<Float32Array, A, BoxArray> {
  override readonly observationSpace: Box;
  /** Whether observations change the statistics; set false to freeze them. */
  updateRunningMean: boolean;
  readonly #epsilon: number;
  readonly #mean: Float64Array;
  readonly #variance: Float64Array;
  #count: number;

  /** @throws UsageError when observations are not of a Box; ConfigError when the statistics do not fit it. */
  constructor(env: Env<BoxArray, A>, options: NormalizeObservationOptions = {}) {
    super(env);
    const inner = requireBox('NormalizeObservation', 'observationSpace', env.observationSpace);
    this.observationSpace = new Box({ low: -Infinity, high: Infinity, shape: inner.shape });
    this.updateRunningMean = options.updateRunningMean ?? true;
    this.#epsilon = options.epsilon ?? 1e-8;
    const given = options.statistics;
    this.#mean = Float64Array.from(given?.mean ?? new Float64Array(inner.size));
    this.#variance = Float64Array.from(given?.variance ?? new Float64Array(inner.size).fill(1));
    this.#count = given?.count ?? 1e-4;
    const sized = this.#mean.length === inner.size && this.#variance.length === inner.size;
    const valid =
      this.#mean.every(Number.isFinite) && this.#variance.every((v) => Number.isFinite(v) && v >= 0);
    if (!sized || !valid || !(this.#count > 0) || !(this.#epsilon > 0)) {
      throw new ConfigError({
        what: 'The statistics to normalize with do not fit the observations',
        where: 'statistics',
        found: `${JSON.stringify(given)}, epsilon ${this.#epsilon}`,
        expected: `${inner.size} finite means and variances of at least 0, count > 0, epsilon > 0`,
      });
    }
  }

  /** A copy of the present statistics. */
  get statistics(): ObservationStatistics {
    return { mean: [...this.#mean], variance: [...this.#variance], count: this.#count };
  }

  protected override wrapperKwargs() {
    return {
      epsilon: this.#epsilon,
      statistics: this.statistics,
      updateRunningMean: this.updateRunningMean,
    };
  }

  #update(observation: BoxArray): void {
    const total = this.#count + 1;
    for (let i = 0; i < observation.length; i++) {
      const delta = (observation[i] as number) - (this.#mean[i] as number);
      const squares = (this.#variance[i] as number) * this.#count + (delta * delta * this.#count) / total;
      this.#mean[i] = (this.#mean[i] as number) + delta / total;
      this.#variance[i] = squares / total;
    }
    this.#count = total;
  }

  protected observe(observation: BoxArray): Float32Array {
    if (this.updateRunningMean) this.#update(observation);
    return Float32Array.from(
      observation as ArrayLike<number>,
      (value, i) =>
        (value - (this.#mean[i] as number)) / Math.sqrt((this.#variance[i] as number) + this.#epsilon),
    );
  }
}
