import type { TrainingData } from '../../data/training-data.ts';
import type { Rng } from '../../random.ts';
import { BatchedMlp } from '../../tensor/batched-mlp.ts';
import { layerArrayName, type MlpShape } from '../../tensor/mlp-shape.ts';
import type { NamedArrays } from '../../tensor/named-arrays.ts';
import { gaussianLogLikelihood } from '../../tensor/ops/gaussian-log-likelihood.ts';
import { logSoftmax, logSumExp } from '../../tensor/ops/log-sum-exp.ts';
import { tf } from '../../tensor/tf.ts';
import { takePart } from '../../training/parts.ts';
import { joinTrainables, type Trainable } from '../../training/trainable.ts';
import type { WatchedRun } from '../../training/training-run.ts';
import type { DensityModel } from '../density-networks.ts';
import { trainDensity } from '../density-training.ts';
import { constantGate, gateShape } from '../gate-trainer.ts';
import { LearnedVariance } from '../learned-variance.ts';
import type { MixtureModel } from '../mixture-model.ts';
import type { AttentiveConfig } from './attentive-config.ts';
import { GatedNetworks, type GatedShape } from './gated-networks.ts';
import { divisionLoss } from './gated-training.ts';

/** Sizes of the data. */
type Sizes = Pick<TrainingData, 'observationSize' | 'actionSize'>;

function networkShape({ components, expert, gate }: AttentiveConfig, sizes: Sizes): GatedShape {
  const inputSize = sizes.observationSize;
  return {
    experts: { networks: components, inputSize, hidden: expert.hidden, activation: expert.activation },
    gate: { networks: 1, inputSize, hidden: gate.hidden, activation: gate.activation },
    gateKind: gate.kind,
    outputSize: sizes.actionSize,
  };
}

/** Joins hidden layers and the last one, which are saved apart, to the arrays of one network. */
function joinLayers(hidden: NamedArrays, last: NamedArrays, depth: number): NamedArrays {
  const renamed = (['weights', 'bias'] as const).flatMap((kind) => {
    const array = last[layerArrayName(0, kind)];
    return array === undefined ? [] : [[layerArrayName(depth, kind), array] as const];
  });
  return { ...hidden, ...Object.fromEntries(renamed) };
}

/** Passes a tensor on without its gradient. */
function detach(x: tf.Tensor2D): tf.Tensor2D {
  const pass = tf.customGrad((...inputs) => ({
    value: tf.clone(inputs[0] as tf.Tensor),
    gradFunc: (dy: tf.Tensor) => tf.zerosLike(dy),
  }));
  return pass(x) as tf.Tensor2D;
}

/**
 * A mixture density network whose gate attends to its experts. An attentive gate needs the hidden layers of all experts,
 * so an ordinary one is distilled from it along the way: it maximizes the likelihood of the same batches, given the experts
 * as they stand, and passes no gradient to them. It is the one that acts.
 */
class AttentiveDensity implements DensityModel {
  readonly #config: AttentiveConfig;
  readonly #networks: GatedNetworks;
  readonly #student: BatchedMlp | undefined;
  readonly #studentShape: MlpShape;
  readonly #variance: LearnedVariance;
  readonly #all: Trainable;

  constructor(config: AttentiveConfig, sizes: Sizes, rng: Rng) {
    const shape = networkShape(config, sizes);
    this.#config = config;
    this.#networks = new GatedNetworks(shape, GatedNetworks.draw(shape, rng));
    this.#studentShape = gateShape(config, sizes.observationSize);
    const taught = config.gate.kind === 'attentive' && config.components > 1;
    this.#student = taught ? BatchedMlp.draw(this.#studentShape, rng.fork('distilled')) : undefined;
    this.#variance = new LearnedVariance(config.standardDeviation);
    this.#all = joinTrainables({
      networks: this.#networks,
      ...(this.#student && { distilled: this.#student }),
      variance: this.#variance,
    });
  }

  get variables(): readonly tf.Variable[] {
    return this.#all.variables;
  }

  toArrays(): Promise<NamedArrays> {
    return this.#all.toArrays();
  }

  assign(arrays: NamedArrays): void {
    this.#all.assign(arrays);
  }

  loss(observations: tf.Tensor2D, actions: tf.Tensor2D): tf.Scalar {
    const { density, logits } = this.#answers(observations, actions);
    const likelihood = (gate: tf.Tensor2D, of: tf.Tensor2D) =>
      tf.neg(tf.mean<tf.Scalar>(logSumExp(tf.add(logSoftmax(gate), of)))) as tf.Scalar;
    const terms = [likelihood(logits, density), ...divisionLoss(logits, observations, this.#config)];
    const taught = this.#studentLogits(observations);
    if (taught !== undefined) terms.push(likelihood(taught, detach(density)));
    return tf.addN(terms);
  }

  logJoint(observations: tf.Tensor2D, actions: tf.Tensor2D): tf.Tensor2D {
    return tf.tidy(() => {
      const { density, logits } = this.#answers(observations, actions);
      return tf.add(density, logSoftmax(this.#studentLogits(observations) ?? logits));
    });
  }

  /** log N(a; μ_z(o), σ²), [B, C], and the logits of the gate that is trained with the experts, [B, C]. */
  #answers(observations: tf.Tensor2D, actions: tf.Tensor2D) {
    const { logits, outputs } = this.#networks.forward(observations, true);
    const density = gaussianLogLikelihood(outputs, actions, this.#variance.logVariance());
    return { logits, density: tf.transpose<tf.Tensor2D>(density) };
  }

  #studentLogits(observations: tf.Tensor2D): tf.Tensor2D | undefined {
    const student = this.#student;
    if (student === undefined) return undefined;
    return tf.reshape(student.forward(observations), [observations.shape[0], this.#config.components]);
  }

  standardDeviation(): Promise<number> {
    return this.#variance.standardDeviation();
  }

  async weights(): Promise<{ experts: NamedArrays; gateShape: MlpShape; gate: NamedArrays }> {
    const { components, expert, gate } = this.#config;
    const arrays = await this.#networks.toArrays();
    const dense = (part: string) => takePart(takePart(arrays, part), 'dense');
    const experts = joinLayers(dense('experts'), takePart(arrays, 'heads'), expert.hidden.length);
    if (components === 1) {
      const shape = { ...this.#studentShape, hidden: [] };
      return { experts, gateShape: shape, gate: constantGate(shape, Float64Array.of(1)) };
    }
    const acting =
      (await this.#student?.toArrays()) ??
      joinLayers(dense('gate'), takePart(arrays, 'gate-head'), gate.hidden.length);
    return { experts, gateShape: this.#studentShape, gate: acting };
  }

  dispose(): void {
    this.#all.dispose();
  }
}

/**
 * Trains a mixture of experts by the gradient of its likelihood, with an original or an attentive gate (Krishnamurthy,
 * Watkins and Gaertner, arXiv 2302.14703) and the losses that divide observations among the components.
 *
 * Runs on the active tensor backend. Aborting `run.signal` ends it at the next step, with a mixture that acts.
 *
 * @throws DatasetError when the data is empty or holds a value that is not finite.
 * @throws DivergenceError naming the step, when a loss is not finite.
 * @throws CheckpointError when `run.resumeFrom` belongs to other data, another configuration or another seed.
 */
export function trainAttentive(
  data: TrainingData,
  config: AttentiveConfig,
  run: WatchedRun<MixtureModel>,
): Promise<MixtureModel> {
  const { expert, gate } = config;
  const plan = {
    ...config,
    expert: { ...expert, kind: 'independent', residual: false } as const,
    gate: { hidden: gate.hidden, activation: gate.activation },
    recorded: config,
    spread: 'model' as const,
    make: (sizes: Sizes, rng: Rng) => new AttentiveDensity(config, sizes, rng),
  };
  return trainDensity(data, plan, run);
}
