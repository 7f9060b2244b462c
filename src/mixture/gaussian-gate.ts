import { entropy } from '../entropy.ts';
import { CheckpointError, FitError } from '../errors.ts';
import { layerArrayName, type MlpShape } from '../tensor/mlp-shape.ts';
import type { Snapshot } from '../training/trained-weights.ts';
import type { SpanEnd, TrainingSpan } from '../training/training-loop.ts';
import type { Checkpoint } from '../training/training-run.ts';
import type { Curriculum } from './curriculum.ts';
import type { ExpertData } from './experts.ts';
import type { Gate } from './gate.ts';
import { gateFeatureCount, gateFeatures } from './gate-features.ts';
import { choleskyFactor, solveLower, solveLowerTransposed } from './glm/cholesky.ts';
import { logSumExp } from './log-space.ts';
import { unitOfStep } from './units.ts';

/** What a {@link GaussianGate} is built from. */
export interface GaussianGateOptions {
  readonly components: number;
  /** Added to the variances, in variances of the data's observations. */
  readonly regularization: number;
  /**
   * Steps at which the gate will be asked, one or more of every unit: their observations are the contexts. All of the
   * data where left out.
   */
  readonly contextSteps?: Int32Array | undefined;
}

/**
 * A gate g(z|o) ∝ p(z) N(o; m_z, S_z) whose Gaussians are the context distributions of the components: mean and
 * covariance of the contexts under each one's curriculum, in closed form and double precision.
 *
 * It is stored as one linear layer on quadratic features.
 */
export class GaussianGate implements Gate {
  readonly shape: MlpShape;
  readonly features = 'quadratic';
  readonly #data: ExpertData;
  readonly #regularization: number;
  readonly #contextSteps: Int32Array;
  readonly #unitOfStep: Int32Array;
  /** Per component the weights of the features, then the bias, shape `[C, F + 1]`; uniform before the first fit. */
  #coefficients: Float64Array;

  constructor(data: ExpertData, { components, contextSteps, regularization }: GaussianGateOptions) {
    this.#data = data;
    this.#regularization = regularization;
    this.#unitOfStep = unitOfStep(data.unitStarts);
    this.#contextSteps = contextSteps ?? Int32Array.from(this.#unitOfStep.keys());
    const inputSize = gateFeatureCount(this.features, data.observationSize);
    this.shape = { networks: 1, inputSize, hidden: [], outputSize: components, activation: 'linear' };
    this.#coefficients = new Float64Array(components * (inputSize + 1));
  }

  async improve(curriculum: Curriculum, span: TrainingSpan): Promise<SpanEnd> {
    if (span.signal?.aborted === true) return { step: span.from, loss: Number.NaN };
    const logNormalizers = curriculum.logNormalizers();
    const logTotal = logSumExp(logNormalizers);
    for (let z = 0; z < curriculum.components; z++) {
      this.#fit(z, (logNormalizers[z] as number) - logTotal, curriculum.selection(z));
    }
    span.onStep?.(span.to);
    return { step: span.to, loss: Number.NaN };
  }

  #fit(component: number, logPrior: number, selection: Float64Array): void {
    const size = this.#data.observationSize;
    const { mean, covariance } = this.#moments(selection);
    for (let d = 0; d < size; d++) {
      covariance[d * size + d] = (covariance[d * size + d] as number) + this.#regularization;
    }
    if (!choleskyFactor(covariance, size)) {
      throw new FitError({
        what: 'The context distribution of a component is singular',
        where: `component ${component}`,
        remedy: 'raise contexts.regularization',
      });
    }
    let bias = logPrior;
    const precision = new Float64Array(size * size);
    for (let d = 0; d < size; d++) {
      bias -= Math.log(covariance[d * size + d] as number);
      const column = precision.subarray(d * size, (d + 1) * size);
      column[d] = 1;
      solveLower(covariance, column, size);
      solveLowerTransposed(covariance, column, size);
    }
    const width = this.shape.inputSize + 1;
    const row = this.#coefficients.subarray(component * width, (component + 1) * width);
    let at = size;
    for (let i = 0; i < size; i++) {
      let linear = 0;
      for (let j = 0; j < size; j++) linear += (precision[i * size + j] as number) * (mean[j] as number);
      row[i] = linear;
      bias -= 0.5 * linear * (mean[i] as number);
      for (let j = i; j < size; j++) row[at++] = (i === j ? -0.5 : -1) * (precision[i * size + j] as number);
    }
    row[at] = bias;
  }

  /** Mean and covariance of the contexts under one curriculum; all those of a unit weigh the same. */
  #moments(selection: Float64Array): { mean: Float64Array; covariance: Float64Array } {
    const { observations, observationSize: size } = this.#data;
    const mean = new Float64Array(size);
    const covariance = new Float64Array(size * size);
    const eachStep = (visit: (weight: number, at: number) => void): void => {
      for (const step of this.#contextSteps) {
        const weight = selection[this.#unitOfStep[step] as number] as number;
        if (weight !== 0) visit(weight, step * size);
      }
    };
    let mass = 0;
    eachStep((weight, at) => {
      mass += weight;
      for (let d = 0; d < size; d++)
        mean[d] = (mean[d] as number) + weight * (observations[at + d] as number);
    });
    for (let d = 0; d < size; d++) mean[d] = (mean[d] as number) / mass;
    eachStep((weight, at) => {
      for (let i = 0; i < size; i++) {
        const scaled = (weight / mass) * ((observations[at + i] as number) - (mean[i] as number));
        for (let j = 0; j < size; j++) {
          const deviation = (observations[at + j] as number) - (mean[j] as number);
          covariance[i * size + j] = (covariance[i * size + j] as number) + scaled * deviation;
        }
      }
    });
    return { mean, covariance };
  }

  async logProbabilities(observations: Float32Array = this.#data.observations): Promise<Float64Array> {
    const steps = observations.length / this.#data.observationSize;
    return this.#answers(
      observations,
      Int32Array.from({ length: steps }, (_, step) => step),
    );
  }

  /** Computes log g(z|o) of some of the observations, shape `[n, C]`. */
  #answers(observations: Float32Array, steps: Int32Array): Float64Array {
    const { observationSize } = this.#data;
    const { inputSize, outputSize } = this.shape;
    const result = new Float64Array(steps.length * outputSize);
    for (const [i, step] of steps.entries()) {
      const observation = observations.subarray(step * observationSize, (step + 1) * observationSize);
      const features = gateFeatures(this.features, observation);
      const row = i * outputSize;
      for (let z = 0; z < outputSize; z++) {
        const first = z * (inputSize + 1);
        let logit = this.#coefficients[first + inputSize] as number;
        for (let k = 0; k < inputSize; k++) {
          logit += (features[k] as number) * (this.#coefficients[first + k] as number);
        }
        result[row + z] = logit;
      }
      const total = logSumExp(result, row, outputSize);
      for (let at = row; at < row + outputSize; at++) result[at] = (result[at] as number) - total;
    }
    return result;
  }

  async meanEntropy(): Promise<number> {
    const { outputSize } = this.shape;
    const probabilities = this.#answers(this.#data.observations, this.#contextSteps).map(Math.exp);
    let total = 0;
    for (let row = 0; row < probabilities.length; row += outputSize) {
      total += entropy(probabilities.subarray(row, row + outputSize));
    }
    return total / this.#contextSteps.length;
  }

  async snapshot(): Promise<Snapshot> {
    const { inputSize, outputSize } = this.shape;
    const weights = new Float32Array(inputSize * outputSize);
    const bias = new Float32Array(outputSize);
    for (let z = 0; z < outputSize; z++) {
      const first = z * (inputSize + 1);
      for (let k = 0; k < inputSize; k++) {
        weights[k * outputSize + z] = this.#coefficients[first + k] as number;
      }
      bias[z] = this.#coefficients[first + inputSize] as number;
    }
    return {
      raw: {
        [layerArrayName(0, 'weights')]: { shape: [1, inputSize, outputSize], data: weights },
        [layerArrayName(0, 'bias')]: { shape: [1, 1, outputSize], data: bias },
      },
    };
  }

  async getState(): Promise<Checkpoint> {
    const { inputSize, outputSize } = this.shape;
    const data = this.#coefficients.slice();
    return { arrays: { coefficients: { shape: [outputSize, inputSize + 1], data } }, state: {} };
  }

  setState(saved: Checkpoint): void {
    const data = saved.arrays.coefficients?.data;
    if (!(data instanceof Float64Array) || data.length !== this.#coefficients.length) {
      throw new CheckpointError({
        what: 'A checkpoint does not fit the context distributions',
        where: 'coefficients',
        found: data === undefined ? 'no such array' : `${data.constructor.name} of ${data.length}`,
        expected: `Float64Array of ${this.#coefficients.length}`,
      });
    }
    this.#coefficients = data.slice();
  }

  dispose(): void {
    // holds no tensors
  }
}
