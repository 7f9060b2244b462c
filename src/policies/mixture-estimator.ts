import { Normalizer } from '../data/normalizer.ts';
import type { TrainingData } from '../data/training-data.ts';
import { ConfigError, FitError } from '../errors.ts';
import { gateFeatures } from '../mixture/gate-features.ts';
import { type InputRows, toFeatures } from '../mixture/glm/features.ts';
import { type OutputRows, outputRows } from '../mixture/glm/outcomes.ts';
import { logSumExp } from '../mixture/log-space.ts';
import type { Rng } from '../random.ts';
import { InferenceMlp } from '../tensor/inference-mlp.ts';
import { checkConfig } from './config.ts';
import type { PartialConfig } from './method.ts';
import { readMixture } from './mixture-method.ts';
import { findMethod } from './registry.ts';

/** What a fit leaves. */
interface Fitted {
  readonly inputs: Normalizer;
  readonly outputs: Normalizer;
  readonly experts: InferenceMlp;
  readonly gate: InferenceMlp;
  readonly features: Parameters<typeof gateFeatures>[0];
  /** Normalized. */
  readonly standardDeviation: number;
}

/** The answers to N inputs. */
interface Answers {
  /** N. */
  readonly rows: number;
  /** log g(z|x), shape `[N, C]`. */
  readonly logGate: Float64Array;
  /** Normalized, shape `[N, C, Do]`. */
  readonly means: Float32Array;
}

/**
 * The conditional density Σ_z g(z|x) N(y; μ_z(x), σ²) of a mixture method (`bc`, `mdn`, `em`, `ml-cur`, `imc`), for
 * plain arrays of independent samples, in the manner of scikit-learn. σ is one number in standard deviations of the
 * outputs: fixed or learned, as the method's settings say.
 *
 * @example
 * const model = await new MixtureEstimator('mdn', { components: 2 }).fit(x, y);
 * model.sample(x, Rng.fromSeed(0)); // shape [N][Do]
 */
export class MixtureEstimator {
  readonly #method: ReturnType<typeof findMethod>;
  readonly #config: unknown;
  readonly #seed: number;
  readonly #restarts: number;
  #fitted: Fitted | undefined;

  /**
   * @param settings - as the method's configuration, nested like it; what is left out has its default.
   * @param start - seed of the first training, and trainings in all, with the seeds that follow; the fit that is most
   *   likely on the data it was fitted to is kept. One from seed 0 where left out.
   * @throws UsageError when there is no such method; ConfigError when a setting is unknown or out of its range.
   */
  constructor(
    method: string,
    settings: PartialConfig = {},
    { seed = 0, restarts = 1 }: { readonly seed?: number; readonly restarts?: number } = {},
  ) {
    this.#method = findMethod(method);
    this.#config = checkConfig(this.#method.schema, settings);
    if (!Number.isInteger(restarts) || restarts < 1) {
      throw new ConfigError({ what: 'restarts must be a whole number from 1', found: String(restarts) });
    }
    this.#seed = seed;
    this.#restarts = restarts;
  }

  /**
   * Trains on the active tensor backend.
   *
   * @param x - N rows of K inputs.
   * @param y - N numbers, or rows of Do numbers.
   * @returns this estimator.
   * @throws FitError when values are not finite, shapes differ, or there are fewer samples than components;
   *   DivergenceError when a loss is not finite.
   */
  async fit(x: InputRows, y: OutputRows): Promise<this> {
    const { columns, rows, values } = toFeatures(x, { intercept: false });
    const outputs = outputRows(y);
    if (y.length !== rows) {
      throw new FitError({ what: 'x and y differ in length', found: `${rows} and ${y.length}` });
    }
    const { components } = this.#config as { readonly components?: number | 'auto' };
    if (typeof components === 'number' && rows < components) {
      throw new FitError({
        what: 'There are fewer samples than components',
        found: `${rows} samples, ${components} components`,
      });
    }
    const data: TrainingData = {
      observations: Float32Array.from(values),
      actions: Float32Array.from(outputs.values),
      observationSize: columns,
      actionSize: outputs.width,
      episodeStarts: Int32Array.from({ length: rows + 1 }, (_, i) => i),
      modes: new Int32Array(rows).fill(-1),
      envId: 'plain-arrays',
    };
    let best = Number.NEGATIVE_INFINITY;
    let kept: Fitted | undefined;
    for (let restart = 0; restart < this.#restarts; restart++) {
      this.#fitted = await this.#fitOnce(data, this.#seed + restart);
      const found = this.#restarts === 1 ? 0 : this.logLikelihood(x, y);
      if (!(found > best)) continue;
      best = found;
      kept = this.#fitted;
    }
    this.#fitted = kept;
    return this;
  }

  async #fitOnce(data: TrainingData, seed: number): Promise<Fitted> {
    const { policy } = await this.#method.train(data, this.#config, { seed });
    const mixture = readMixture(policy);
    return {
      inputs: Normalizer.fromJSON(mixture.observationNormalizer),
      outputs: Normalizer.fromJSON(mixture.actionNormalizer),
      experts: new InferenceMlp(mixture.expertShape, mixture.experts),
      gate: new InferenceMlp(mixture.gateShape, mixture.gate),
      features: mixture.gateFeatures ?? 'linear',
      standardDeviation: mixture.standardDeviation,
    };
  }

  /** Computes the mean log-likelihood per sample, nats, in the units of the data. */
  logLikelihood(x: InputRows, y: OutputRows): number {
    const { experts, outputs, standardDeviation } = this.#use();
    const { logGate, means, rows } = this.#answer(x);
    const { networks, outputSize } = experts.shape;
    if (y.length !== rows) {
      throw new FitError({ what: 'x and y differ in length', found: `${rows} and ${y.length}` });
    }
    const { values } = outputRows(y, outputSize);
    let peak = 0;
    for (const std of outputs.std) peak -= Math.log(standardDeviation * std) + 0.5 * Math.log(2 * Math.PI);
    const joint = logGate.map((logProbability, at) => {
      const i = Math.floor(at / networks);
      let squared = 0;
      for (let d = 0; d < outputSize; d++) {
        const target = ((values[i * outputSize + d] as number) - outputs.mean[d]!) / outputs.std[d]!;
        squared += ((target - (means[at * outputSize + d] as number)) / standardDeviation) ** 2;
      }
      return logProbability + peak - 0.5 * squared;
    });
    let total = 0;
    for (let row = 0; row < joint.length; row += networks) total += logSumExp(joint, row, networks);
    return total / rows;
  }

  /** Draws one output per row of x, shape `[N][Do]`. */
  sample(x: InputRows, rng: Rng): number[][] {
    const { experts, outputs, standardDeviation } = this.#use();
    const { logGate, means, rows } = this.#answer(x);
    const { networks, outputSize } = experts.shape;
    return Array.from({ length: rows }, (_, i) => {
      const z = rng.categorical(logGate.subarray(i * networks, (i + 1) * networks).map(Math.exp));
      return Array.from({ length: outputSize }, (_, d) => {
        const mean = means[(i * networks + z) * outputSize + d] as number;
        return rng.normal(mean, standardDeviation) * outputs.std[d]! + outputs.mean[d]!;
      });
    });
  }

  /** Computes the gate's probability of every component, shape `[N][C]`. */
  gate(x: InputRows): number[][] {
    const { networks } = this.#use().experts.shape;
    const { logGate, rows } = this.#answer(x);
    return Array.from({ length: rows }, (_, i) => [
      ...logGate.subarray(i * networks, (i + 1) * networks).map(Math.exp),
    ]);
  }

  /** Computes what every component answers, shape `[N][C][Do]`. */
  means(x: InputRows): number[][][] {
    const { experts, outputs } = this.#use();
    const { means, rows } = this.#answer(x);
    const { networks, outputSize } = experts.shape;
    return Array.from({ length: rows }, (_, i) =>
      Array.from({ length: networks }, (_, z) => {
        const first = (i * networks + z) * outputSize;
        return [...outputs.denormalize(means.subarray(first, first + outputSize))];
      }),
    );
  }

  /** Predicts the mean of the mixture, shape `[N][Do]`. */
  predict(x: InputRows): number[][] {
    const gate = this.gate(x);
    return this.means(x).map((means, i) =>
      (means[0] as number[]).map((_, d) =>
        means.reduce((sum, mean, z) => sum + (gate[i]?.[z] as number) * (mean[d] as number), 0),
      ),
    );
  }

  #use(): Fitted {
    if (this.#fitted !== undefined) return this.#fitted;
    throw new FitError({ what: 'The mixture has not been fitted', remedy: 'call fit(x, y) first' });
  }

  #answer(x: InputRows): Answers {
    const { experts, features, gate, inputs } = this.#use();
    const { columns, rows, values } = toFeatures(x, { intercept: false });
    const { inputSize, networks, outputSize } = experts.shape;
    if (columns !== inputSize) {
      throw new FitError({
        what: 'The rows have another length than those the mixture was fitted to',
        found: String(columns),
        expected: String(inputSize),
      });
    }
    const observations = inputs.normalize(values);
    const logGate = new Float64Array(rows * networks);
    const means = new Float32Array(rows * networks * outputSize);
    const logits = new Float32Array(networks);
    for (let i = 0; i < rows; i++) {
      const observation = observations.subarray(i * inputSize, (i + 1) * inputSize);
      gate.forward(0, gateFeatures(features, observation), logits, 1);
      const total = logSumExp(logits);
      for (let z = 0; z < networks; z++) {
        const at = i * networks + z;
        logGate[at] = (logits[z] as number) - total;
        experts.forward(z, observation, means.subarray(at * outputSize, (at + 1) * outputSize), 1);
      }
    }
    return { rows, logGate, means };
  }
}
