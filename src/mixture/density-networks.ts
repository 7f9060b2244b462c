import type { Rng } from '../random.ts';
import { BatchedMlp } from '../tensor/batched-mlp.ts';
import type { MlpShape } from '../tensor/mlp-shape.ts';
import type { NamedArrays } from '../tensor/named-arrays.ts';
import { gaussianLogLikelihood } from '../tensor/ops/gaussian-log-likelihood.ts';
import { logSoftmax, logSumExp } from '../tensor/ops/log-sum-exp.ts';
import { tf } from '../tensor/tf.ts';
import { joinParts, takePart } from '../training/parts.ts';
import type { Trainable } from '../training/trainable.ts';
import { constantGate } from './gate-trainer.ts';
import { LearnedVariance } from './learned-variance.ts';

/** A conditional density Σ_z π_z(o) N(a; μ_z(o), σ²) that is trained by the gradient of its likelihood. Owns its tensors. */
export interface DensityModel extends Trainable {
  /**
   * Builds the mean loss of a batch: the negative log-likelihood, and whatever else it costs.
   *
   * @param observations - normalized, shape `[B, Do]`. Borrowed.
   * @param actions - normalized, shape `[B, Da]`. Borrowed.
   */
  loss(observations: tf.Tensor2D, actions: tf.Tensor2D): tf.Scalar;
  /** Computes log π_z(o) + log N(a; μ_z(o), σ²), π being the gate that acts, shape `[B, C]`. */
  logJoint(observations: tf.Tensor2D, actions: tf.Tensor2D): tf.Tensor2D;
  /** Reads the standard deviation back; call it outside the training loop. */
  standardDeviation(): Promise<number>;
  /** Copies out what a policy needs: the means' networks, and a gate. */
  weights(): Promise<{ experts: NamedArrays; gateShape: MlpShape; gate: NamedArrays }>;
}

/** What {@link DensityNetworks} are built from. */
export interface DensityNetworksOptions {
  readonly expertShape: MlpShape;
  readonly gateShape: MlpShape;
  readonly standardDeviation: number | 'learned';
  readonly rng: Rng;
}

/**
 * The networks of a conditional density Σ_z π_z(o) N(a; μ_z(o), σ²), trained together: means, gate and, where it is learned, σ. A mixture of one component has no gate. Owns its tensors.
 */
export class DensityNetworks implements DensityModel {
  readonly #experts: BatchedMlp;
  readonly #gate: BatchedMlp | undefined;
  readonly #gateShape: MlpShape;
  readonly #variance: LearnedVariance;

  constructor(options: DensityNetworksOptions) {
    const { expertShape, gateShape, rng, standardDeviation } = options;
    this.#experts = BatchedMlp.draw(expertShape, rng.fork('experts'));
    this.#gate = expertShape.networks === 1 ? undefined : BatchedMlp.draw(gateShape, rng.fork('gate'));
    this.#gateShape = gateShape;
    this.#variance = new LearnedVariance(standardDeviation);
  }

  loss(observations: tf.Tensor2D, actions: tf.Tensor2D): tf.Scalar {
    return tf.neg(tf.mean(logSumExp(this.logJoint(observations, actions))));
  }

  /**
   * Computes log π_z(o) + log N(a; μ_z(o), σ²), shape `[B, C]`; differentiable in all variables.
   *
   * @param observations - shape `[B, Do]`. Borrowed.
   * @param actions - shape `[B, Da]`. Borrowed.
   */
  logJoint(observations: tf.Tensor2D, actions: tf.Tensor2D): tf.Tensor2D {
    return tf.tidy(() => {
      const means = this.#experts.forward(observations);
      const density = tf.transpose<tf.Tensor2D>(
        gaussianLogLikelihood(means, actions, this.#variance.logVariance()),
      );
      if (this.#gate === undefined) return density;
      const logits = this.#gate.forward(observations);
      const logGate = logSoftmax(tf.reshape<tf.Rank.R2>(logits, density.shape));
      return tf.add(density, logGate);
    });
  }

  /** Reads the standard deviation back; call it outside the training loop. */
  standardDeviation(): Promise<number> {
    return this.#variance.standardDeviation();
  }

  /** Copies out what a policy needs: the means' networks, and a gate. */
  async weights(): Promise<{ experts: NamedArrays; gateShape: MlpShape; gate: NamedArrays }> {
    const experts = await this.#experts.toArrays();
    if (this.#gate !== undefined) {
      return { experts, gateShape: this.#gateShape, gate: await this.#gate.toArrays() };
    }
    const gateShape = { ...this.#gateShape, hidden: [] };
    return { experts, gateShape, gate: constantGate(gateShape, Float64Array.of(1)) };
  }

  /** What is trained: means, gate, and where it is learned the variance. */
  get variables(): readonly tf.Variable[] {
    return [...this.#experts.variables, ...(this.#gate?.variables ?? []), ...this.#variance.variables];
  }

  async toArrays(): Promise<NamedArrays> {
    return joinParts({
      experts: await this.#experts.toArrays(),
      gate: this.#gate === undefined ? {} : await this.#gate.toArrays(),
      variance: await this.#variance.toArrays(),
    });
  }

  /** @throws CheckpointError when an array is missing or does not fit. */
  assign(arrays: NamedArrays): void {
    this.#experts.assign(takePart(arrays, 'experts'));
    this.#gate?.assign(takePart(arrays, 'gate'));
    this.#variance.assign(takePart(arrays, 'variance'));
  }

  /** Frees the tensors. */
  dispose(): void {
    this.#experts.dispose();
    this.#gate?.dispose();
    this.#variance.dispose();
  }
}
