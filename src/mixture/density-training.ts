import type { TrainingData } from '../data/training-data.ts';
import { Rng } from '../random.ts';
import type { NamedArrays } from '../tensor/named-arrays.ts';
import { tf } from '../tensor/tf.ts';
import { type GradientResult, type LossMoment, trainByGradient } from '../training/gradient-training.ts';
import { withNoise } from '../training/observation-noise.ts';
import { Rows } from '../training/rows.ts';
import { withWeights } from '../training/trainable.ts';
import { chooseWeights } from '../training/trained-weights.ts';
import { type WatchedRun, watchedAs } from '../training/training-run.ts';
import { summarizeComponents } from './component-summary.ts';
import { Curriculum } from './curriculum.ts';
import type { BcConfig, MdnConfig } from './density-config.ts';
import { type DensityModel, DensityNetworks } from './density-networks.ts';
import { expertShape } from './experts.ts';
import { gateShape } from './gate-trainer.ts';
import type { MixtureModel } from './mixture-model.ts';
import { MixtureProblem } from './mixture-problem.ts';
import { residualDeviations } from './residual-deviations.ts';

/** Rows of the data that are evaluated at once after the training. */
const evaluationBlock = 1024;
/** Least standard deviation that residuals are given, in standard deviations of the data's actions. */
const residualFloor = 1e-3;

/**
 * Trains a mixture density network (Bishop 1994): minimizes -log Σ_z π_z(o) N(a; μ_z(o), σ²) over all data by
 * minibatches, gate and means at once.
 *
 * Runs on the active tensor backend. Aborting `run.signal` ends it at the next step, with a mixture that acts.
 *
 * @throws DatasetError when the data is empty or holds a value that is not finite.
 * @throws DivergenceError naming the step, when a loss is not finite.
 * @throws CheckpointError when `run.resumeFrom` belongs to other data, another configuration or another seed.
 */
export function trainMdn(
  data: TrainingData,
  config: MdnConfig,
  run: WatchedRun<MixtureModel>,
): Promise<MixtureModel> {
  return trainDensity(data, { ...config, recorded: config, spread: 'model' }, run);
}

/**
 * Trains one network to the demonstrated actions by least squares: behaviour cloning. The result is a mixture of
 * one component, whose standard deviation is that of its residuals.
 *
 * @throws DatasetError, DivergenceError, CheckpointError as {@link trainMdn}.
 */
export function trainBc(
  data: TrainingData,
  config: BcConfig,
  run: WatchedRun<MixtureModel>,
): Promise<MixtureModel> {
  const { hidden, activation, residual, choose: _, ...training } = config;
  const plan: DensityPlan = {
    ...training,
    components: 1,
    standardDeviation: 1,
    expert: { kind: 'independent', hidden, activation, residual },
    gate: { hidden: [], activation },
    recorded: config,
    spread: 'residuals',
  };
  return trainDensity(data, plan, run);
}

/** How a conditional density is trained. */
export interface DensityPlan extends Omit<MdnConfig, 'commitment' | 'choose'> {
  /** The configuration as the user knows it. */
  readonly recorded: Readonly<Record<string, unknown>>;
  /** Whether the standard deviation of the result is the one trained with, or measured on the residuals. */
  readonly spread: 'model' | 'residuals';
  /** Makes what is trained; a plain mixture density network where left out. */
  readonly make?: (
    sizes: { readonly observationSize: number; readonly actionSize: number },
    rng: Rng,
  ) => DensityModel;
}

/**
 * Trains a conditional density by the shared loop.
 *
 * @throws DatasetError, DivergenceError, CheckpointError as {@link trainMdn}.
 */
export async function trainDensity(
  data: TrainingData,
  plan: DensityPlan,
  run: WatchedRun<MixtureModel>,
): Promise<MixtureModel> {
  const training = new DensityTraining(data, plan, run);
  try {
    return await training.run();
  } finally {
    training.dispose();
  }
}

/** The training in progress: owns its tensors. */
class DensityTraining {
  readonly #plan: DensityPlan;
  readonly #run: WatchedRun<MixtureModel>;
  readonly #problem: MixtureProblem;
  readonly #rng: Rng;
  readonly #networks: DensityModel;
  readonly #observations: Rows;
  readonly #actions: Rows;

  constructor(data: TrainingData, plan: DensityPlan, run: WatchedRun<MixtureModel>) {
    this.#plan = plan;
    this.#run = run;
    const problem = new MixtureProblem(data, { level: 'step', segmentLength: 1 });
    this.#problem = problem;
    this.#rng = Rng.fromSeed(run.seed).fork('density');
    this.#networks =
      plan.make?.(data, this.#rng) ??
      new DensityNetworks({
        expertShape: expertShape(plan, data),
        gateShape: gateShape(plan, data.observationSize),
        standardDeviation: plan.standardDeviation,
        rng: this.#rng,
      });
    const dataOnDevice = run.profile?.dataOnDevice === true;
    this.#observations = new Rows(problem.observations, data.observationSize, dataOnDevice);
    this.#actions = new Rows(problem.actions, data.actionSize, dataOnDevice);
  }

  async run(): Promise<MixtureModel> {
    const { arrays, stopped } = await trainByGradient(
      { network: this.#networks, loss: (steps, rng, moment) => this.#loss(steps, rng, moment) },
      {
        problem: this.#problem,
        config: this.#plan,
        recorded: this.#plan.recorded,
        rng: this.#rng,
        run: watchedAs(this.#run, ({ arrays }: GradientResult) => this.#interim(arrays)),
      },
    );
    this.#networks.assign(chooseWeights(arrays, this.#plan));
    const model = await this.#model(stopped === 'interrupted' ? 'interrupted' : 'iterations');
    // networks of another form than the mixture's act only as they are at the end
    return this.#plan.make === undefined ? { ...model, snapshots: arrays } : model;
  }

  /** Makes the mixture that would act with the weights so far; the training goes on with its own. */
  #interim(arrays: NamedArrays): Promise<MixtureModel> {
    return withWeights(this.#networks, chooseWeights(arrays, this.#plan), () => this.#model('interrupted'));
  }

  /** The loss of one minibatch. */
  #loss(steps: Int32Array, rng: Rng, { training }: LossMoment): tf.Scalar {
    const clean = this.#observations.gather(steps);
    const observations = training ? withNoise(clean, this.#plan.observationNoise, rng) : clean;
    return this.#networks.loss(observations, this.#actions.gather(steps));
  }

  async #model(stopped: MixtureModel['stopped']): Promise<MixtureModel> {
    const { components, recorded, spread } = this.#plan;
    const problem = this.#problem;
    const logWeights = await this.#logJoint();
    const trained = await this.#networks.standardDeviation();
    const curriculum = Curriculum.fromState(components, 'paper', { logWeights, posteriorIsUniform: false });
    let logLikelihood = 0;
    if (spread === 'residuals') for (const value of logWeights) logLikelihood += value / problem.units;
    // with one component of variance 1: log N = -½ Σ_d (residual² + log 2π)
    const squared = (-2 * logLikelihood) / problem.actionSize - Math.log(2 * Math.PI);
    const shape = expertShape(this.#plan, problem);
    const weights = await this.#networks.weights();
    const experts = { shape, arrays: weights.experts };
    return {
      config: recorded,
      ...problem.scaling(),
      expertShape: shape,
      ...weights,
      actionDeviations: residualDeviations(problem, curriculum, experts, this.#rng.fork('residuals')),
      standardDeviation:
        spread === 'residuals' ? Math.max(residualFloor, Math.sqrt(Math.max(0, squared))) : trained,
      components: summarizeComponents(problem.data, curriculum, problem.unitOfStep, curriculum.posterior()),
      stopped,
      seed: this.#run.seed,
    };
  }

  /** Evaluates log π_z + log N of all steps, shape `[N, C]`. */
  async #logJoint(): Promise<Float64Array> {
    const { components } = this.#plan;
    const count = this.#problem.units;
    const result = new Float64Array(count * components);
    for (let first = 0; first < count; first += evaluationBlock) {
      const size = Math.min(evaluationBlock, count - first);
      const block = tf.tidy(() =>
        this.#networks.logJoint(this.#observations.slice(first, size), this.#actions.slice(first, size)),
      );
      result.set(await block.data<'float32'>(), first * components);
      block.dispose();
    }
    return result;
  }

  dispose(): void {
    this.#networks.dispose();
    this.#observations.dispose();
    this.#actions.dispose();
  }
}
