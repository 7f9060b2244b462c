import { CheckpointError, ConfigError } from '../errors.ts';
import type { NamedArrays, StoredArray } from './named-arrays.ts';
import { tf } from './tf.ts';

/** The options of {@link WeightAverage}. */
export interface WeightAverageOptions {
  /** Share of the average that stays in an update, in [0, 1). */
  readonly decay: number;
  /**
   * Starts with a smaller decay, so that the first weights are forgotten: after t updates at most
   * 1 − (1 + t)^−power (Diffusion Policy uses 0.75); the full decay from the start where left out.
   */
  readonly power?: number;
}

/**
 * An exponential moving average of weights: after each step, average ← d·average + (1 − d)·weights.
 *
 * Owns its copies until {@link WeightAverage.dispose}; borrows the variables. Never reads back while training.
 */
export class WeightAverage {
  readonly #variables: readonly tf.Variable[];
  readonly #averages: readonly tf.Variable[];
  readonly #options: WeightAverageOptions;
  #updates = 0;

  /** @throws ConfigError when an option is out of its range. */
  constructor(variables: readonly tf.Variable[], options: WeightAverageOptions) {
    const { decay, power } = options;
    if (!(decay >= 0 && decay < 1 && (power ?? 1) > 0)) {
      throw new ConfigError({
        what: 'The decay of a weight average is out of its range',
        found: `decay ${decay}, power ${power}`,
        expected: '0 <= decay < 1, power > 0',
      });
    }
    this.#variables = [...variables];
    this.#options = options;
    // a product, not a clone: clones share memory with the weights, which an optimizer may update in place
    this.#averages = variables.map((x) => tf.tidy(() => tf.variable(tf.mul(x, 1), false)));
  }

  /** Takes the current weights into the average. */
  update(): void {
    const { decay, power } = this.#options;
    this.#updates++;
    const share = power === undefined ? decay : Math.min(decay, 1 - (1 + this.#updates) ** -power);
    tf.tidy(() => {
      for (const [index, average] of this.#averages.entries()) {
        average.assign(tf.add(tf.mul(average, share), tf.mul(this.#variables[index]!, 1 - share)));
      }
    });
  }

  /** Exchanges the averages with the variables' weights: call it before scoring and again after. */
  swap(): void {
    tf.tidy(() => {
      for (const [index, average] of this.#averages.entries()) {
        const variable = this.#variables[index]!;
        const weights = tf.clone(variable);
        variable.assign(tf.clone(average));
        average.assign(weights);
      }
    });
  }

  /** Copies the averages, by index, and the number of updates out of the backend; reads back. */
  async getState(): Promise<{ readonly updates: number; readonly averages: NamedArrays }> {
    const averages: Record<string, StoredArray> = {};
    for (const [index, average] of this.#averages.entries()) {
      averages[index] = { shape: [...average.shape], data: (await average.data<'float32'>()).slice() };
    }
    return { updates: this.#updates, averages };
  }

  /**
   * Continues from a saved state.
   *
   * @throws CheckpointError when an average is missing or has another shape; nothing has changed then.
   */
  setState(state: { readonly updates: number; readonly averages: NamedArrays }): void {
    const loaded = this.#averages.map((average, index) => {
      const array = state.averages[index];
      if (array?.data instanceof Float32Array && array.shape.join() === average.shape.join()) {
        return array.data.slice();
      }
      throw new CheckpointError({
        what: 'The saved weight average does not fit the variables',
        where: `average ${index}`,
        found: array === undefined ? 'no such array' : `[${array.shape.join(', ')}]`,
        expected: `[${average.shape.join(', ')}]`,
      });
    });
    tf.tidy(() => {
      for (const [index, average] of this.#averages.entries()) {
        average.assign(tf.tensor(loaded[index]!, average.shape));
      }
    });
    this.#updates = state.updates;
  }

  /** Frees the averages; the variables stay. */
  dispose(): void {
    for (const average of this.#averages) average.dispose();
  }
}
