import type { Rng } from '../random.ts';
import { drawMlp } from '../tensor/mlp-init.ts';
import { layerArrayName, type MlpShape } from '../tensor/mlp-shape.ts';
import type { NamedArrays, StoredArray } from '../tensor/named-arrays.ts';
import { tf } from '../tensor/tf.ts';
import { type LoopConfig, plainLoop } from '../training/gradient-config.ts';
import { withNoise } from '../training/observation-noise.ts';
import { Rows } from '../training/rows.ts';
import type { Snapshot } from '../training/trained-weights.ts';
import type { SpanEnd, TrainingSpan } from '../training/training-loop.ts';
import type { Checkpoint } from '../training/training-run.ts';
import type { Curriculum } from './curriculum.ts';
import type { Gate } from './gate.ts';
import type { NetworkMixtureConfig } from './imc-config.ts';
import type { GateContexts } from './mixture-problem.ts';
import { TrainedNetwork } from './trained-network.ts';

/** Observations over which the gate's entropy is averaged, at most, and that it answers at once. */
const entropySamples = 4096;

/** What a {@link GateTrainer} is built from. */
export interface GateTrainerOptions {
  readonly shape: MlpShape;
  readonly config: NetworkMixtureConfig['gate'];
  /** How gradients are clipped and weights averaged; neither is done where left out. */
  readonly loop?: Pick<LoopConfig, 'clipNorm' | 'ema'> | undefined;
  readonly rng: Rng;
  /** Whether the data is kept on the device; false where left out. */
  readonly dataOnDevice?: boolean | undefined;
  /** Weights to start from; drawn where left out. */
  readonly weights?: NamedArrays | undefined;
}

/** Lays out the gate's network: Do in, a logit per component out. */
export function gateShape(
  config: {
    readonly components: number;
    readonly gate: Pick<NetworkMixtureConfig['gate'], 'hidden' | 'activation'>;
  },
  observationSize: number,
): MlpShape {
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
 * Starts a gate over more components from a trained one: all its weights are kept, the logits of the components it
 * lacks are drawn.
 *
 * @param trained - with its shape, which differs from `shape` in the number of logits alone.
 */
export function widenGate(
  trained: { readonly shape: MlpShape; readonly weights: NamedArrays },
  shape: MlpShape,
  rng: Rng,
): NamedArrays {
  const last = shape.hidden.length;
  const drawn = drawMlp(shape, rng);
  const widened: Record<string, StoredArray> = { ...trained.weights };
  for (const kind of ['weights', 'bias'] as const) {
    const name = layerArrayName(last, kind);
    const [whole, known] = [drawn[name] as StoredArray, trained.weights[name] as StoredArray];
    const data = (whole.data as Float32Array).slice();
    const [columns, knownColumns] = [shape.outputSize, trained.shape.outputSize];
    for (let at = 0; at < known.data.length; at++) {
      const row = Math.floor(at / knownColumns);
      data[row * columns + (at % knownColumns)] = Number(known.data[at]);
    }
    widened[name] = { shape: whole.shape, data };
  }
  return widened;
}

/**
 * Fits the inference network g(z|o) to the posterior: minibatches of all data, soft cross-entropy
 * -Σ_z p(z|u) log g(z|o), which minimizes the expected KL(p(z|u) ‖ g(z|o)).
 */
export class GateTrainer implements Gate {
  readonly shape: MlpShape;
  readonly features = 'linear';
  readonly #observations: Rows;
  readonly #unitOfStep: Int32Array;
  readonly #dataOnDevice: boolean;
  readonly #config: NetworkMixtureConfig['gate'];
  readonly #trained: TrainedNetwork;

  constructor(data: GateContexts, options: GateTrainerOptions) {
    const { shape, config, loop = plainLoop, rng, dataOnDevice = false, weights } = options;
    this.shape = shape;
    this.#observations = new Rows(data.observations, shape.inputSize, dataOnDevice);
    this.#unitOfStep = data.unitOfStep;
    this.#dataOnDevice = dataOnDevice;
    this.#config = config;
    this.#trained = new TrainedNetwork(shape, { ...loop, weightDecay: config.weightDecay }, rng, { weights });
  }

  async improve(curriculum: Curriculum, span: TrainingSpan): Promise<SpanEnd> {
    const targets = new Rows(
      Float32Array.from(curriculum.posterior()),
      this.shape.outputSize,
      this.#dataOnDevice,
    );
    try {
      return await this.#trained.optimized.train(() => this.#loss(targets), span);
    } finally {
      targets.dispose();
    }
  }

  #loss(targets: Rows): tf.Scalar {
    const { batchSize, observationNoise } = this.#config;
    const { batches } = this.#trained.optimized;
    const steps = Int32Array.from({ length: batchSize }, () => batches.integer(this.#unitOfStep.length));
    const units = steps.map((step) => this.#unitOfStep[step] as number);
    const logGate = this.#logGate(withNoise(this.#observations.gather(steps), observationNoise, batches));
    return tf.div(tf.sum(tf.mul(targets.gather(units), logGate)), -batchSize);
  }

  /** log g(z|o) of observations [n, Do], shape [n, C]. */
  #logGate(observations: tf.Tensor2D): tf.Tensor2D {
    const logits = this.#trained.networks.forward(observations);
    return tf.logSoftmax(tf.reshape(logits, [observations.shape[0], this.shape.outputSize]));
  }

  async logProbabilities(observations?: Float32Array): Promise<Float64Array> {
    const answer = (rows: Rows) => this.#trained.optimized.withAverage(() => this.#answers(rows));
    if (observations === undefined) return answer(this.#observations);
    const rows = new Rows(observations, this.shape.inputSize, this.#dataOnDevice);
    try {
      return await answer(rows);
    } finally {
      rows.dispose();
    }
  }

  /** log g(z|o) of all rows, shape `[N, C]`, block by block. */
  async #answers(rows: Rows): Promise<Float64Array> {
    const steps = rows.count;
    const result = new Float64Array(steps * this.shape.outputSize);
    for (let first = 0; first < steps; first += entropySamples) {
      const size = Math.min(entropySamples, steps - first);
      const block = tf.tidy(() => this.#logGate(rows.slice(first, size)));
      result.set(await block.data<'float32'>(), first * this.shape.outputSize);
      block.dispose();
    }
    return result;
  }

  snapshot(): Promise<Snapshot> {
    return this.#trained.optimized.snapshot();
  }

  /** Computes the mean entropy of the gate's answers, in nats, over at most {@link entropySamples} of the data. */
  async meanEntropy(): Promise<number> {
    const steps = this.#unitOfStep.length;
    const count = Math.min(steps, entropySamples);
    const sample = Int32Array.from({ length: count }, (_, row) => Math.floor((row * steps) / count));
    return this.#trained.optimized.withAverage(async () => {
      const mean = tf.tidy(() => {
        const logGate = this.#logGate(this.#observations.gather(sample));
        return tf.div(tf.sum(tf.mul(tf.exp(logGate), logGate)), -count);
      });
      const [value] = await mean.data();
      mean.dispose();
      return value as number;
    });
  }

  getState(): Promise<Checkpoint> {
    return this.#trained.optimized.getState();
  }

  setState(saved: Checkpoint): void {
    this.#trained.optimized.setState(saved);
  }

  dispose(): void {
    this.#trained.dispose();
    this.#observations.dispose();
  }
}
