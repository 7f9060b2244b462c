import type { Rng } from '../random.ts';
import { layerArrayName, type MlpShape } from '../tensor/mlp-shape.ts';
import type { NamedArrays } from '../tensor/named-arrays.ts';
import { tf } from '../tensor/tf.ts';
import type { ImcConfig } from './imc-config.ts';
import { addNoise } from './network-experts.ts';
import { TrainedNetwork } from './trained-network.ts';
import { runSpan, type SpanEnd, type TrainingSpan } from './training-loop.ts';
import type { Checkpoint } from './training-run.ts';

/** Observations over which the gate's entropy is averaged, at most. */
const entropySamples = 4096;

/** The observations that a gate learns from, and where each one's target is found. */
export interface GateData {
  /** Normalized, row-major, shape `[N, Do]`. */
  readonly observations: Float32Array;
  /** Unit of each step, shape `[N]`. */
  readonly unitOfStep: Int32Array;
}

/** Lays out the gate's network: Do in, a logit per component out. */
export function gateShape(config: ImcConfig, observationSize: number): MlpShape {
  return {
    networks: 1,
    inputSize: observationSize,
    hidden: config.gate.hidden,
    outputSize: config.components,
    activation: config.gate.activation,
  };
}

/**
 * Builds a gate that answers every observation with the same distribution: what acts while no gate is trained.
 *
 * @param shape - of a network without hidden layers, Do in and C out.
 * @param probabilities - shape `[C]`.
 */
export function constantGate(shape: MlpShape, probabilities: Float64Array): NamedArrays {
  const { inputSize, outputSize } = shape;
  const bias = Float32Array.from(probabilities, (p) => Math.log(Math.max(p, 1e-30)));
  return {
    [layerArrayName(0, 'weights')]: {
      shape: [1, inputSize, outputSize],
      data: new Float32Array(inputSize * outputSize),
    },
    [layerArrayName(0, 'bias')]: { shape: [1, 1, outputSize], data: bias },
  };
}

/**
 * Fits the inference network g(z|o) to the posterior: minibatches of all data, soft cross-entropy
 * -Σ_z p(z|u) log g(z|o), which minimizes the expected KL(p(z|u) ‖ g(z|o)).
 */
export class GateTrainer {
  readonly shape: MlpShape;
  readonly #data: GateData;
  readonly #config: ImcConfig['gate'];
  readonly #trained: TrainedNetwork;

  constructor(data: GateData, options: { shape: MlpShape; config: ImcConfig['gate']; rng: Rng }) {
    const { shape, config, rng } = options;
    this.shape = shape;
    this.#data = data;
    this.#config = config;
    this.#trained = new TrainedNetwork(shape, config.weightDecay, rng);
  }

  /** @param posterior - p(z|u), shape `[U, C]`. */
  improve(posterior: Float64Array, span: TrainingSpan): Promise<SpanEnd> {
    return runSpan(this.#trained.optimizer, () => this.#loss(posterior), span);
  }

  #loss(posterior: Float64Array): tf.Scalar {
    const { observations, unitOfStep } = this.#data;
    const { inputSize, outputSize } = this.shape;
    const { batchSize, observationNoise } = this.#config;
    const inputs = new Float32Array(batchSize * inputSize);
    const targets = new Float32Array(batchSize * outputSize);
    for (let row = 0; row < batchSize; row++) {
      const step = this.#trained.batches.integer(unitOfStep.length);
      inputs.set(observations.subarray(step * inputSize, (step + 1) * inputSize), row * inputSize);
      const unit = unitOfStep[step] as number;
      targets.set(posterior.subarray(unit * outputSize, (unit + 1) * outputSize), row * outputSize);
    }
    addNoise(inputs, observationNoise, this.#trained.batches);
    const logits = this.#trained.networks.forward(tf.tensor3d(inputs, [1, batchSize, inputSize]));
    const logGate = tf.logSoftmax(tf.reshape(logits, [batchSize, outputSize]));
    return tf.div(tf.sum(tf.mul(tf.tensor2d(targets, [batchSize, outputSize]), logGate)), -batchSize);
  }

  /** Copies out the weights that a policy needs. */
  weights(): Promise<NamedArrays> {
    return this.#trained.weights();
  }

  /** Computes the mean entropy of the gate's answers, in nats, over at most {@link entropySamples} of the data. */
  async meanEntropy(): Promise<number> {
    const { observations, unitOfStep } = this.#data;
    const { inputSize, outputSize } = this.shape;
    const count = Math.min(unitOfStep.length, entropySamples);
    const inputs = new Float32Array(count * inputSize);
    for (let row = 0; row < count; row++) {
      const step = Math.floor((row * unitOfStep.length) / count);
      inputs.set(observations.subarray(step * inputSize, (step + 1) * inputSize), row * inputSize);
    }
    const mean = tf.tidy(() => {
      const logits = this.#trained.networks.forward(tf.tensor3d(inputs, [1, count, inputSize]));
      const logGate = tf.logSoftmax(tf.reshape(logits, [count, outputSize]));
      return tf.div(tf.sum(tf.mul(tf.exp(logGate), logGate)), -count);
    });
    const [value] = await mean.data();
    mean.dispose();
    return value as number;
  }

  /** Saves everything that a bit-equal resume needs. */
  getState(): Promise<Checkpoint> {
    return this.#trained.getState();
  }

  /** Continues from a saved state. @throws CheckpointError when it does not fit. */
  setState(saved: Checkpoint): void {
    this.#trained.setState(saved);
  }

  /** Frees the tensors. */
  dispose(): void {
    this.#trained.dispose();
  }
}
