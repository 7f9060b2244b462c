import type { Rng } from '../random.ts';
import type { BackendProfile } from '../tensor/backend-profile.ts';
import { drawOwn } from '../tensor/mlp-init.ts';
import { joinNetworks, type MlpShape, pickNetworks } from '../tensor/mlp-shape.ts';
import type { NamedArrays } from '../tensor/named-arrays.ts';
import { gaussianLogLikelihood } from '../tensor/ops/gaussian-log-likelihood.ts';
import { tf } from '../tensor/tf.ts';
import { type LoopConfig, plainLoop } from '../training/gradient-config.ts';
import { withNoise } from '../training/observation-noise.ts';
import type { StepSettings } from '../training/optimized-network.ts';
import { takePart } from '../training/parts.ts';
import { Rows } from '../training/rows.ts';
import { averagedWeights, type Snapshot } from '../training/trained-weights.ts';
import { type SpanEnd, type TrainingSpan, yieldToEvents } from '../training/training-loop.ts';
import type { Checkpoint } from '../training/training-run.ts';
import type { Curriculum } from './curriculum.ts';
import { CurriculumSampler } from './curriculum-sampler.ts';
import type { ExpertData, Experts } from './experts.ts';
import type { ImcConfig } from './imc-config.ts';
import { TrainedNetwork } from './trained-network.ts';
import { unitOfStep } from './units.ts';

/** Activations that a row takes in the example by which backend profiles are set: 64 networks of width 128. */
const profileRow = 64 * 128;

/** Suits the CPU backends. */
const cpuProfile: BackendProfile = { eStepBlock: 2048, dataOnDevice: false };

/** What {@link NetworkExperts} are built from. */
export interface NetworkExpertsOptions {
  readonly shape: MlpShape;
  readonly config: Omit<ImcConfig['expert'], 'standardDeviation'>;
  /** How gradients are clipped and weights averaged; neither is done where left out. */
  readonly loop?: Pick<LoopConfig, 'clipNorm' | 'ema'> | undefined;
  /** Of the Gaussians, in standard deviations of the data's actions. */
  readonly standardDeviation: number;
  readonly rng: Rng;
  /** Of the active backend; as for a CPU where left out. */
  readonly profile?: BackendProfile | undefined;
  /** Weights to start from; drawn where left out. */
  readonly weights?: NamedArrays | undefined;
  /** Whether what all experts share stays as it is; it is trained where left out. */
  readonly sharedIsFixed?: boolean | undefined;
  /** Steps drawn per training step and expert; `config.batchSize` divided by the experts where left out. */
  readonly batchPerExpert?: number | undefined;
}

/**
 * Experts that are multilayer perceptrons, all trained as one batched product: every training step draws a
 * minibatch per expert from that expert's own curriculum, so its cost does not grow with the data.
 */
export class NetworkExperts implements Experts {
  readonly fixed = 0;
  readonly #data: ExpertData;
  readonly #options: NetworkExpertsOptions;
  readonly #logVariance: tf.Scalar;
  readonly #profile: BackendProfile;
  readonly #rows: ExpertRows;
  #trained: TrainedNetwork;

  constructor(data: ExpertData, options: NetworkExpertsOptions) {
    const { shape, rng, profile = cpuProfile, standardDeviation } = options;
    this.#data = data;
    this.#options = options;
    this.#trained = new TrainedNetwork(shape, this.#stepSettings, rng, options);
    this.#logVariance = tf.scalar(2 * Math.log(standardDeviation));
    this.#profile = profile;
    this.#rows = new ExpertRows(data, profile.dataOnDevice);
  }

  get #stepSettings(): StepSettings {
    const { config, loop = plainLoop } = this.#options;
    return { ...loop, weightDecay: config.weightDecay };
  }

  get shape(): MlpShape {
    return this.#trained.networks.shape;
  }

  get #batchPerExpert(): number {
    const { batchPerExpert, config } = this.#options;
    return batchPerExpert ?? Math.max(1, Math.round(config.batchSize / this.shape.networks));
  }

  async improve(curriculum: Curriculum, span: TrainingSpan): Promise<SpanEnd> {
    const sampler = new CurriculumSampler(curriculum, this.#data.unitStarts);
    const { networks } = this.shape;
    const steps = new Int32Array(networks * this.#batchPerExpert);
    const end = await this.#trained.optimized.train(() => this.#loss(sampler, steps), span);
    return { step: end.step, loss: end.loss / networks };
  }

  /** Negative log-likelihood of one minibatch per expert: added over experts, averaged over each batch. */
  #loss(sampler: CurriculumSampler, steps: Int32Array): tf.Scalar {
    const { observationSize, actionSize } = this.#data;
    const { observationNoise } = this.#options.config;
    const { networks } = this.shape;
    const { batches } = this.#trained.optimized;
    const perExpert = steps.length / networks;
    sampler.draw(batches, steps);
    const noisy = withNoise(this.#rows.observations.gather(steps), observationNoise, batches);
    const mean = this.#trained.networks.forward(noisy.as3D(networks, perExpert, observationSize));
    const target = this.#rows.actions.gather(steps).as3D(networks, perExpert, actionSize);
    const logLikelihood = gaussianLogLikelihood(mean, target, this.#logVariance);
    return tf.div(tf.sum(logLikelihood), -perExpert);
  }

  async logLikelihoods(data: ExpertData = this.#data): Promise<Float64Array> {
    const explain = (rows: ExpertRows) => this.#trained.optimized.withAverage(() => this.#explain(rows));
    if (data === this.#data) return explain(this.#rows);
    const rows = new ExpertRows(data, this.#profile.dataOnDevice);
    try {
      return await explain(rows);
    } finally {
      rows.dispose();
    }
  }

  /** Adds log p_θz up over the units of some data, block by block. */
  async #explain({ actions, observations, unitOfStep: unitOf, units }: ExpertRows): Promise<Float64Array> {
    const { networks, hidden, inputSize, outputSize } = this.shape;
    const steps = unitOf.length;
    const peak = -0.5 * outputSize * Math.log(2 * Math.PI * this.#options.standardDeviation ** 2);
    const totals = new Float64Array(units * networks);
    const widest = networks * Math.max(inputSize, ...hidden);
    const block = Math.max(1, Math.floor((this.#profile.eStepBlock * profileRow) / widest));
    for (let first = 0; first < steps; first += block) {
      const size = Math.min(block, steps - first);
      const result = tf.tidy(() => {
        const mean = this.#trained.networks.forward(observations.slice(first, size));
        return gaussianLogLikelihood(mean, actions.slice(first, size), this.#logVariance);
      });
      const values = await result.data<'float32'>();
      result.dispose();
      await yieldToEvents();
      for (let z = 0; z < networks; z++) {
        for (let i = 0; i < size; i++) {
          const at = (unitOf[first + i] as number) * networks + z;
          totals[at] = (totals[at] as number) + (values[z * size + i] as number) - peak;
        }
      }
    }
    return totals;
  }

  async keep(picked: readonly number[]): Promise<void> {
    const { networks } = this.shape;
    this.#replace(picked.length, pickNetworks(await this.#weights(), networks, picked));
  }

  async draft(count: number, rng: Rng): Promise<Experts> {
    const shape = { ...this.shape, networks: count };
    const own = drawOwn(shape, rng.fork('weights'));
    return new NetworkExperts(this.#data, {
      ...this.#options,
      ...{ shape, rng, sharedIsFixed: true, batchPerExpert: this.#batchPerExpert },
      weights: { ...(await this.#weights()), ...own },
    });
  }

  async adopt(candidates: Experts, picked: readonly number[]): Promise<void> {
    const { shape } = this;
    const theirs = averagedWeights(await candidates.snapshot());
    const adopted = pickNetworks(theirs, candidates.shape.networks, picked);
    this.#replace(shape.networks + picked.length, joinNetworks(await this.#weights(), adopted, shape));
  }

  /** Goes on with other networks and a new optimizer, drawing minibatches from the same stream. */
  #replace(networks: number, weights: NamedArrays): void {
    const { rng, sharedIsFixed } = this.#options;
    const { batches } = this.#trained.optimized;
    const shape = { ...this.shape, networks };
    this.#trained.dispose();
    this.#trained = new TrainedNetwork(shape, this.#stepSettings, rng, { weights, batches, sharedIsFixed });
  }

  /** The weights by which the experts were judged, to go on from with others. */
  async #weights(): Promise<NamedArrays> {
    return averagedWeights(await this.snapshot());
  }

  snapshot(): Promise<Snapshot> {
    return this.#trained.optimized.snapshot();
  }

  async getState(): Promise<Checkpoint> {
    const { arrays, state } = await this.#trained.optimized.getState();
    return { arrays, state: { ...state, networks: this.shape.networks } };
  }

  setState(saved: Checkpoint): void {
    const { networks } = saved.state;
    if (typeof networks === 'number' && networks !== this.shape.networks) {
      this.#replace(networks, takePart(saved.arrays, 'weights'));
    }
    this.#trained.optimized.setState(saved);
  }

  dispose(): void {
    this.#trained.dispose();
    this.#logVariance.dispose();
    this.#rows.dispose();
  }
}

/** Demonstrations as the tensor backend is given them. */
class ExpertRows {
  readonly observations: Rows;
  readonly actions: Rows;
  readonly unitOfStep: Int32Array;
  /** U. */
  readonly units: number;

  constructor(data: ExpertData, onDevice: boolean) {
    this.observations = new Rows(data.observations, data.observationSize, onDevice);
    this.actions = new Rows(data.actions, data.actionSize, onDevice);
    this.unitOfStep = unitOfStep(data.unitStarts);
    this.units = data.unitStarts.length - 1;
  }

  dispose(): void {
    this.observations.dispose();
    this.actions.dispose();
  }
}
