import { CheckpointError } from '../errors.ts';
import { Rng, type RngState } from '../random.ts';
import { BatchedMlp } from '../tensor/batched-mlp.ts';
import type { MlpShape } from '../tensor/mlp-shape.ts';
import type { NamedArrays } from '../tensor/named-arrays.ts';
import { gaussianLogLikelihood } from '../tensor/ops/gaussian-log-likelihood.ts';
import { logSoftmax } from '../tensor/ops/log-sum-exp.ts';
import { AdamW } from '../tensor/optimizer.ts';
import { tf } from '../tensor/tf.ts';
import { joinParts, takePart } from '../training/parts.ts';
import type { Checkpoint } from '../training/training-run.ts';
import { constantGate } from './gate-trainer.ts';
import { LearnedVariance } from './learned-variance.ts';

/** What {@link DensityNetworks} are built from. */
export interface DensityNetworksOptions {
  readonly expertShape: MlpShape;
  readonly gateShape: MlpShape;
  readonly standardDeviation: number | 'learned';
  readonly weightDecay: number;
  readonly rng: Rng;
}

/**
 * The networks of a conditional density Σ_z π_z(o) N(a; μ_z(o), σ²), trained together by one optimizer: means, gate
 * and, where it is learned, σ. A mixture of one component has no gate. Owns its tensors.
 */
export class DensityNetworks {
  readonly optimizer: AdamW;
  readonly #experts: BatchedMlp;
  readonly #gate: BatchedMlp | undefined;
  readonly #gateShape: MlpShape;
  readonly #variance: LearnedVariance;
  #batches: Rng;

  constructor(options: DensityNetworksOptions) {
    const { expertShape, gateShape, rng, standardDeviation, weightDecay } = options;
    this.#experts = BatchedMlp.draw(expertShape, rng.fork('experts'));
    this.#gate = expertShape.networks === 1 ? undefined : BatchedMlp.draw(gateShape, rng.fork('gate'));
    this.#gateShape = gateShape;
    this.#variance = new LearnedVariance(standardDeviation);
    const variables = [
      ...this.#experts.variables,
      ...(this.#gate?.variables ?? []),
      ...this.#variance.variables,
    ];
    this.optimizer = new AdamW(variables, { weightDecay });
    this.#batches = rng.fork('batches');
  }

  /** The stream from which minibatches and their noise are drawn. */
  get batches(): Rng {
    return this.#batches;
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

  /** Saves everything that a bit-equal resume needs. */
  async getState(): Promise<Checkpoint> {
    const { step, moments } = await this.optimizer.getState();
    const variance = await this.#variance.getState();
    return {
      arrays: joinParts({
        experts: await this.#experts.toArrays(),
        gate: this.#gate === undefined ? {} : await this.#gate.toArrays(),
        moments,
        variance: variance === undefined ? {} : { scaled: { shape: [], data: Float32Array.of(variance) } },
      }),
      state: { optimizerStep: step, batches: { ...this.#batches.state() } },
    };
  }

  /** Continues from a saved state. @throws CheckpointError when it does not fit. */
  setState({ arrays, state }: Checkpoint): void {
    const { optimizerStep, batches } = state;
    const variance = takePart(arrays, 'variance').scaled?.data[0];
    const complete =
      typeof optimizerStep === 'number' &&
      batches !== undefined &&
      (this.#variance.variable === undefined || typeof variance === 'number');
    if (!complete) {
      throw new CheckpointError({
        what: 'The checkpoint lacks the state of its optimizer, or its variance',
        remedy: 'start the training anew',
      });
    }
    this.#experts.assign(takePart(arrays, 'experts'));
    this.#gate?.assign(takePart(arrays, 'gate'));
    this.#variance.setState(Number(variance));
    this.optimizer.setState({ step: optimizerStep, moments: takePart(arrays, 'moments') });
    this.#batches = Rng.fromState(batches as unknown as RngState);
  }

  /** Frees the tensors. */
  dispose(): void {
    this.#experts.dispose();
    this.#gate?.dispose();
    this.#variance.dispose();
    this.optimizer.dispose();
  }
}
