import type { Rng } from '../../random.ts';
import { constantRate, type LearningRate, warmupCosine } from '../../tensor/learning-rate.ts';
import { AdamW } from '../../tensor/optimizer.ts';
import { tf } from '../../tensor/tf.ts';
import { runSpan } from '../../training/training-loop.ts';
import type { GatedAnswers, GatedNetworks } from './gated-networks.ts';
import { importanceLossTensor } from './importance.ts';
import { logWeights, type MixtureForm } from './mixture-form.ts';
import { relativeDistances, similarityLossTensor } from './similarity.ts';

/** Batches of the training data over which batch normalization is measured once the weights are final. */
const calibrationBatches = 20;

/** N samples from which minibatches are taken. */
export interface SampleSource {
  readonly count: number;
  /**
   * Takes samples by their indices, [B, inputs]; the caller disposes of them.
   *
   * @param augment - where given, samples are varied by it as for training.
   */
  inputs(indices: Int32Array, augment?: Rng): tf.Tensor2D;
}

/** What is learned from samples. */
export interface GatedTask extends SampleSource {
  /** Mean loss of a batch, differentiable in the answers. */
  loss(answers: GatedAnswers, indices: Int32Array): tf.Scalar;
  /** What the loss trains besides the networks; none where left out. */
  readonly variables?: readonly tf.Variable[];
}

/** How gate and experts are trained. */
export interface GatedPlan {
  readonly epochs: number;
  readonly batchSize: number;
  readonly learningRate: number;
  /** Falls to zero along a cosine by the end, or stays. */
  readonly schedule: 'cosine' | 'constant';
  readonly weightDecay: number;
  /** Of the importance loss. */
  readonly importanceWeight: number;
  /** Of the similarity loss; both of its weights. */
  readonly similarityWeight: number;
}

/** Who is to be told, and what to draw from. */
export interface GatedRun {
  readonly rng: Rng;
  readonly signal?: AbortSignal | undefined;
  /** Called after every epoch with its mean loss; awaited. What it throws ends the training. */
  readonly onEpoch?: ((epoch: number, loss: number) => void | Promise<void>) | undefined;
}

function rateOf({ learningRate, schedule }: GatedPlan, totalSteps: number): LearningRate {
  return schedule === 'constant'
    ? constantRate(learningRate)
    : warmupCosine({ peak: learningRate, totalSteps });
}

/**
 * What the gate's division of a batch costs: the terms that have a weight. They see all of the gate's probabilities, also
 * those of experts that a `top-k` leaves out.
 *
 * @param logits - of the gate, [B, M]. Borrowed.
 * @param inputs - [B, inputs]. Borrowed.
 */
export function divisionLoss(
  logits: tf.Tensor2D,
  inputs: tf.Tensor2D,
  { importanceWeight, similarityWeight }: Pick<GatedPlan, 'importanceWeight' | 'similarityWeight'>,
): tf.Scalar[] {
  if (logits.shape[1] === 1 || (importanceWeight === 0 && similarityWeight === 0)) return [];
  const gate = tf.softmax(logits);
  const terms: tf.Scalar[] = [];
  if (importanceWeight > 0) terms.push(tf.mul(importanceLossTensor(gate), importanceWeight));
  if (similarityWeight > 0) {
    const weights = { same: similarityWeight, different: similarityWeight };
    terms.push(similarityLossTensor(gate, relativeDistances(inputs), weights));
  }
  return terms;
}

/**
 * Trains gate and experts together by minibatches with Adam, every sample once an epoch, in an order drawn anew.
 *
 * @param part - `gate` trains the gate alone: a distillation.
 * @returns the mean loss of every epoch; fewer than planned where the signal was aborted.
 * @throws DivergenceError naming epoch and step, when a loss is not finite.
 */
export async function trainGated(
  networks: GatedNetworks,
  task: GatedTask,
  plan: GatedPlan,
  { onEpoch, rng, signal }: GatedRun,
  part: 'all' | 'gate' = 'all',
): Promise<number[]> {
  const { batchSize, epochs, weightDecay } = plan;
  const variables =
    part === 'gate' ? networks.gateVariables : [...networks.variables, ...(task.variables ?? [])];
  const optimizer = new AdamW(variables, { weightDecay });
  const perEpoch = Math.ceil(task.count / batchSize);
  const learningRate = rateOf(plan, epochs * perEpoch);
  const augment = rng.fork('augmentation');
  const losses: number[] = [];
  try {
    for (let epoch = 0; epoch < epochs && signal?.aborted !== true; epoch++) {
      const order = Int32Array.from(permutation(task.count, rng.fork('order').fork(epoch)));
      const first = epoch * perEpoch;
      const loss = (step: number) => {
        const from = (step - first) * batchSize;
        const indices = order.subarray(from, Math.min(from + batchSize, task.count));
        const inputs = task.inputs(indices, augment);
        const answers = networks.forward(inputs, true);
        return tf.addN([task.loss(answers, indices), ...divisionLoss(answers.logits, inputs, plan)]);
      };
      const phase = `epoch ${epoch + 1}`;
      const end = await runSpan(optimizer, loss, {
        from: first,
        to: first + perEpoch,
        learningRate,
        phase,
        signal,
      });
      if (end.step < first + perEpoch) break;
      losses.push(end.loss);
      await onEpoch?.(epoch, end.loss);
    }
    const order = Int32Array.from(permutation(task.count, rng.fork('calibration')));
    networks.calibrate(function* () {
      for (let i = 0; i < Math.min(calibrationBatches, perEpoch); i++) {
        yield task.inputs(order.subarray(i * batchSize, Math.min((i + 1) * batchSize, task.count)));
      }
    });
  } finally {
    optimizer.dispose();
  }
  return losses;
}

function permutation(count: number, rng: Rng): number[] {
  return rng.shuffle(Array.from({ length: count }, (_, i) => i));
}

/** What gate and experts answer to N samples, as plain numbers. */
export interface PlainAnswers {
  /** N. */
  readonly samples: number;
  /** Weights of the experts, shape `[N, M]`; of `top-1` the probability of the chosen one, which may be below 1. */
  readonly gate: Float32Array;
  /** Answers of the experts, shape `[N, M, K]`: class logits or numbers. */
  readonly outputs: Float32Array;
}

/**
 * Evaluates gate and experts on samples, in blocks.
 *
 * @param form - which experts answer, and how.
 */
export async function evaluateGated(
  networks: GatedNetworks,
  source: SampleSource,
  form: MixtureForm,
  block = 500,
): Promise<PlainAnswers> {
  const { outputSize } = networks.shape;
  const experts = networks.shape.experts.networks;
  const gate = new Float32Array(source.count * experts);
  const outputs = new Float32Array(source.count * experts * outputSize);
  for (let first = 0; first < source.count; first += block) {
    const size = Math.min(block, source.count - first);
    const indices = Int32Array.from({ length: size }, (_, i) => first + i);
    const answers = tf.tidy(() => {
      const found = networks.forward(source.inputs(indices), false);
      return [tf.exp(logWeights(form, found.logits)), tf.transpose(found.outputs, [1, 0, 2])];
    });
    gate.set(await (answers[0] as tf.Tensor).data<'float32'>(), first * experts);
    outputs.set(await (answers[1] as tf.Tensor).data<'float32'>(), first * experts * outputSize);
    tf.dispose(answers);
  }
  return { samples: source.count, gate, outputs };
}
