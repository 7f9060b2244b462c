import type { Rng } from '../random.ts';
import type { MlpShape } from '../tensor/mlp-shape.ts';
import type { NamedArrays } from '../tensor/named-arrays.ts';
import { gaussianLogLikelihood } from '../tensor/ops/gaussian-log-likelihood.ts';
import { tf } from '../tensor/tf.ts';
import type { Curriculum } from './curriculum.ts';
import { CurriculumSampler } from './curriculum-sampler.ts';
import type { ExpertData, Experts } from './experts.ts';
import type { ImcConfig } from './imc-config.ts';
import { TrainedNetwork } from './trained-network.ts';
import { runSpan, type SpanEnd, type TrainingSpan } from './training-loop.ts';
import type { Checkpoint } from './training-run.ts';
import { unitOfStep } from './units.ts';

/** Activations of the E-step held at a time, in numbers: 16 Mi are 64 MiB. */
const blockActivations = 2 ** 24;

/** What {@link NetworkExperts} are built from. */
export interface NetworkExpertsOptions {
  readonly shape: MlpShape;
  readonly config: ImcConfig['expert'];
  readonly rng: Rng;
}

/**
 * Experts that are multilayer perceptrons, all trained as one batched product: every training step draws a
 * minibatch per expert from that expert's own curriculum, so its cost does not grow with the data.
 */
export class NetworkExperts implements Experts {
  readonly shape: MlpShape;
  readonly #data: ExpertData;
  readonly #config: ImcConfig['expert'];
  readonly #trained: TrainedNetwork;
  readonly #logVariance: tf.Scalar;
  readonly #unitOfStep: Int32Array;

  constructor(data: ExpertData, options: NetworkExpertsOptions) {
    const { shape, config, rng } = options;
    this.shape = shape;
    this.#data = data;
    this.#config = config;
    this.#trained = new TrainedNetwork(shape, config.weightDecay, rng);
    this.#logVariance = tf.scalar(2 * Math.log(config.standardDeviation));
    this.#unitOfStep = unitOfStep(data.unitStarts);
  }

  async improve(curriculum: Curriculum, span: TrainingSpan): Promise<SpanEnd> {
    const sampler = new CurriculumSampler(curriculum, this.#data.unitStarts);
    const { networks } = this.shape;
    const perExpert = Math.max(1, Math.round(this.#config.batchSize / networks));
    const steps = new Int32Array(networks * perExpert);
    const end = await runSpan(this.#trained.optimizer, () => this.#loss(sampler, steps), span);
    return { step: end.step, loss: end.loss / networks };
  }

  /** Negative log-likelihood of one minibatch per expert: added over experts, averaged over each batch. */
  #loss(sampler: CurriculumSampler, steps: Int32Array): tf.Scalar {
    const { observations, actions, observationSize, actionSize } = this.#data;
    const { observationNoise } = this.#config;
    const { networks } = this.shape;
    const perExpert = steps.length / networks;
    sampler.draw(this.#trained.batches, steps);
    // the backend may keep the arrays, so each step fills new ones
    const inputs = new Float32Array(steps.length * observationSize);
    const targets = new Float32Array(steps.length * actionSize);
    for (let row = 0; row < steps.length; row++) {
      const step = steps[row] as number;
      for (let d = 0; d < observationSize; d++) {
        inputs[row * observationSize + d] = observations[step * observationSize + d] as number;
      }
      for (let d = 0; d < actionSize; d++) {
        targets[row * actionSize + d] = actions[step * actionSize + d] as number;
      }
    }
    addNoise(inputs, observationNoise, this.#trained.batches);
    const mean = this.#trained.networks.forward(tf.tensor3d(inputs, [networks, perExpert, observationSize]));
    const target = tf.tensor3d(targets, [networks, perExpert, actionSize]);
    const logLikelihood = gaussianLogLikelihood(mean, target, this.#logVariance);
    return tf.div(tf.sum(logLikelihood), -perExpert);
  }

  async logLikelihoods(): Promise<Float64Array> {
    const { observations, actions, observationSize, actionSize, unitStarts } = this.#data;
    const { networks, hidden } = this.shape;
    const steps = this.#unitOfStep.length;
    const peak = -0.5 * actionSize * Math.log(2 * Math.PI * this.#config.standardDeviation ** 2);
    const totals = new Float64Array((unitStarts.length - 1) * networks);
    const block = Math.max(
      1,
      Math.floor(blockActivations / (networks * Math.max(observationSize, ...hidden))),
    );
    for (let first = 0; first < steps; first += block) {
      const size = Math.min(block, steps - first);
      const result = tf.tidy(() => {
        const rows = <T>(array: Float32Array, width: number, make: (part: Float32Array) => T): T =>
          make(array.slice(first * width, (first + size) * width));
        const input = rows(observations, observationSize, (part) =>
          tf.tensor2d(part, [size, observationSize]),
        );
        const target = rows(actions, actionSize, (part) => tf.tensor2d(part, [size, actionSize]));
        return gaussianLogLikelihood(this.#trained.networks.forward(input), target, this.#logVariance);
      });
      const values = await result.data<'float32'>();
      result.dispose();
      for (let z = 0; z < networks; z++) {
        for (let i = 0; i < size; i++) {
          const at = (this.#unitOfStep[first + i] as number) * networks + z;
          totals[at] = (totals[at] as number) + (values[z * size + i] as number) - peak;
        }
      }
    }
    return totals;
  }

  weights(): Promise<NamedArrays> {
    return this.#trained.weights();
  }

  getState(): Promise<Checkpoint> {
    return this.#trained.getState();
  }

  setState(saved: Checkpoint): void {
    this.#trained.setState(saved);
  }

  dispose(): void {
    this.#trained.dispose();
    this.#logVariance.dispose();
  }
}

/** Adds Gaussian noise in place; draws nothing when its standard deviation is 0. */
export function addNoise(values: Float32Array, standardDeviation: number, rng: Rng): void {
  if (standardDeviation === 0) return;
  for (let i = 0; i < values.length; i++) {
    values[i] = (values[i] as number) + rng.normal(0, standardDeviation);
  }
}
