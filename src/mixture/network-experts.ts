import type { Rng } from '../random.ts';
import type { BackendProfile } from '../tensor/backend-profile.ts';
import type { MlpShape } from '../tensor/mlp-shape.ts';
import type { NamedArrays } from '../tensor/named-arrays.ts';
import { gaussianLogLikelihood } from '../tensor/ops/gaussian-log-likelihood.ts';
import { tf } from '../tensor/tf.ts';
import { withNoise } from '../training/observation-noise.ts';
import { Rows } from '../training/rows.ts';
import { runSpan, type SpanEnd, type TrainingSpan } from '../training/training-loop.ts';
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
  readonly config: ImcConfig['expert'];
  readonly rng: Rng;
  /** Of the active backend; as for a CPU where left out. */
  readonly profile?: BackendProfile | undefined;
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
  readonly #profile: BackendProfile;
  readonly #observations: Rows;
  readonly #actions: Rows;

  constructor(data: ExpertData, options: NetworkExpertsOptions) {
    const { shape, config, rng, profile = cpuProfile } = options;
    this.shape = shape;
    this.#data = data;
    this.#config = config;
    this.#trained = new TrainedNetwork(shape, config.weightDecay, rng);
    this.#logVariance = tf.scalar(2 * Math.log(config.standardDeviation));
    this.#unitOfStep = unitOfStep(data.unitStarts);
    this.#profile = profile;
    this.#observations = new Rows(data.observations, data.observationSize, profile.dataOnDevice);
    this.#actions = new Rows(data.actions, data.actionSize, profile.dataOnDevice);
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
    const { observationSize, actionSize } = this.#data;
    const { observationNoise } = this.#config;
    const { networks } = this.shape;
    const perExpert = steps.length / networks;
    sampler.draw(this.#trained.batches, steps);
    const noisy = withNoise(this.#observations.gather(steps), observationNoise, this.#trained.batches);
    const mean = this.#trained.networks.forward(noisy.as3D(networks, perExpert, observationSize));
    const target = this.#actions.gather(steps).as3D(networks, perExpert, actionSize);
    const logLikelihood = gaussianLogLikelihood(mean, target, this.#logVariance);
    return tf.div(tf.sum(logLikelihood), -perExpert);
  }

  async logLikelihoods(): Promise<Float64Array> {
    const { observationSize, actionSize, unitStarts } = this.#data;
    const { networks, hidden } = this.shape;
    const steps = this.#unitOfStep.length;
    const peak = -0.5 * actionSize * Math.log(2 * Math.PI * this.#config.standardDeviation ** 2);
    const totals = new Float64Array((unitStarts.length - 1) * networks);
    const widest = networks * Math.max(observationSize, ...hidden);
    const block = Math.max(1, Math.floor((this.#profile.eStepBlock * profileRow) / widest));
    for (let first = 0; first < steps; first += block) {
      const size = Math.min(block, steps - first);
      const result = tf.tidy(() => {
        const input = this.#observations.slice(first, size);
        const target = this.#actions.slice(first, size);
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
    this.#observations.dispose();
    this.#actions.dispose();
  }
}
