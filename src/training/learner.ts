import type { TrainingData } from '../data/training-data.ts';
import { Rng } from '../random.ts';
import type { NamedArrays } from '../tensor/named-arrays.ts';
import { tf } from '../tensor/tf.ts';
import type { GradientConfig } from './gradient-config.ts';
import { type GradientResult, type LossMoment, trainByGradient } from './gradient-training.ts';
import { type DataScaling, NormalizedData } from './normalized-data.ts';
import { featureCount } from './observation-features.ts';
import { withNoise } from './observation-noise.ts';
import { type Trainable, withWeights } from './trainable.ts';
import { chooseWeights } from './trained-weights.ts';
import { type WatchedRun, watchedAs } from './training-run.ts';
import { type WindowBatch, type WindowShape, Windows } from './windows.ts';

/** A policy's networks and their loss: what a method brings to {@link trainLearner}. */
export interface Learner {
  /** Disposed of when the training is over. */
  readonly network: Trainable;
  /** Numbers that acting needs and that are not trained, such as the centres of clusters. */
  readonly constants?: NamedArrays;
  /**
   * Builds the mean loss of a minibatch of windows; tensors it leaves behind are freed.
   *
   * @param batch - borrowed; observations carry their noise and their features already.
   * @param rng - all randomness of the loss comes from here.
   */
  loss(batch: WindowBatch, rng: Rng, moment: LossMoment): tf.Scalar;
  /**
   * Measures what acting needs beside the weights: more constants. Asked when the training is over, and whenever what it has
   * learned so far is to act, with the weights that the configuration has act (other snapshots act with the same constants).
   * Leaves no tensors behind.
   *
   * @param sample - batches of windows, as {@link Learner.loss} gets them, without noise; each is borrowed until the next.
   * @param rng - of this measurement alone.
   */
  measure?(sample: Iterable<WindowBatch>, rng: Rng): Promise<NamedArrays>;
}

/** Windows in the sample that a learner measures on: a standard deviation's error is 1.6 % of it. */
const measuredWindows = 2048;

/** What a {@link Learner} is made from. */
export interface LearnerContext<Config> {
  readonly problem: NormalizedData;
  /** Do with the features of observations that the plan asks for, and Da: what networks are laid out by. */
  readonly sizes: { readonly observationSize: number; readonly actionSize: number };
  readonly config: Config;
  /** Of the starting weights, and of whatever else is drawn before the training. */
  readonly rng: Rng;
}

/** Makes a {@link Learner} on the active tensor backend. */
export type LearnerMaker<Config> = (context: LearnerContext<Config>) => Learner | Promise<Learner>;

/** What {@link trainLearner} needs beside data and configuration. */
export interface LearnerPlan<Config> {
  /** Name of the method: of the random streams. */
  readonly name: string;
  readonly make: LearnerMaker<Config>;
  readonly windows: WindowShape;
  /** J, frequencies of the features of observations; see `observationFeatures`. */
  readonly observationFrequencies: number;
}

/** What {@link trainLearner} gives back. */
export interface LearnedWeights extends GradientResult {
  readonly constants: NamedArrays;
  readonly scaling: DataScaling;
}

/**
 * Trains a policy's networks on windows of demonstrations, as {@link trainByGradient} does.
 *
 * @throws DatasetError when the data is empty or holds a value that is not finite.
 * @throws DivergenceError, CheckpointError as {@link trainByGradient}.
 */
export async function trainLearner<Config extends GradientConfig>(
  data: TrainingData,
  config: Config,
  { make, name, observationFrequencies, windows: shape }: LearnerPlan<Config>,
  run: WatchedRun<LearnedWeights>,
): Promise<LearnedWeights> {
  const problem = new NormalizedData(data);
  const rng = Rng.fromSeed(run.seed).fork(name);
  const { actionSize } = problem;
  const sizes = {
    observationSize: featureCount(problem.observationSize, observationFrequencies),
    actionSize,
  };
  const learner = await make({ problem, sizes, config, rng: rng.fork('weights') });
  const windows = new Windows(problem, shape, run.profile?.dataOnDevice === true);
  try {
    const loss = (steps: Int32Array, draws: Rng, moment: LossMoment): tf.Scalar => {
      const batch = windows.gather(steps);
      const observations = moment.training
        ? withNoise(batch.observations, config.observationNoise, draws)
        : batch.observations;
      return tf.tidy(() => {
        const described = withFeatures(observations, observationFrequencies);
        return learner.loss({ ...batch, observations: described }, draws, moment);
      });
    };
    const whole = async (result: GradientResult): Promise<LearnedWeights> => ({
      ...result,
      constants: { ...learner.constants, ...(await measured(result.arrays)) },
      scaling: problem.scaling(),
    });
    const measured = async (arrays: NamedArrays): Promise<NamedArrays> => {
      const measure = learner.measure?.bind(learner);
      if (measure === undefined) return {};
      const draws = rng.fork('measure');
      const steps = Int32Array.from({ length: measuredWindows }, () => draws.integer(windows.count));
      const sample = describedBatches(windows, steps, { size: config.batchSize, observationFrequencies });
      return withWeights(learner.network, chooseWeights(arrays, config), () => measure(sample, draws));
    };
    const result = await trainByGradient(
      { network: learner.network, loss },
      { problem, config, recorded: config, rng, run: watchedAs(run, whole) },
    );
    return await whole(result);
  } finally {
    windows.dispose();
    learner.network.dispose();
  }
}

/** Gathers windows batch by batch, their observations with their features; frees each batch when the next is asked for. */
function* describedBatches(
  windows: Windows,
  steps: Int32Array,
  { observationFrequencies, size }: { readonly observationFrequencies: number; readonly size: number },
): Generator<WindowBatch> {
  for (let first = 0; first < steps.length; first += size) {
    const batch = windows.gather(steps.subarray(first, first + size));
    const observations = tf.tidy(() => withFeatures(batch.observations, observationFrequencies));
    try {
      yield { ...batch, observations };
    } finally {
      tf.dispose([observations, ...Object.values(batch)]);
    }
  }
}

/** Does what `observationFeatures` does, on tensors `[n, T, Do]`; the caller disposes of the result. */
export function withFeatures(observations: tf.Tensor3D, frequencies: number): tf.Tensor3D {
  if (frequencies === 0) return observations;
  const waves = Array.from({ length: frequencies }, (_, j) => tf.mul<tf.Tensor3D>(observations, 2 ** j));
  return tf.concat([observations, ...waves.flatMap((wave) => [tf.sin(wave), tf.cos(wave)])], 2);
}
