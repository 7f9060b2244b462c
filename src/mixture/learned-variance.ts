import { CheckpointError } from '../errors.ts';
import type { NamedArrays } from '../tensor/named-arrays.ts';
import { tf } from '../tensor/tf.ts';
import type { Trainable } from '../training/trainable.ts';

/** Keeps a learned variance away from zero, in variances of the data's actions. */
const varianceFloor = 1e-6;
/** The log variance is this many times its variable, which lets it keep up with Adam's small steps. */
const varianceScale = 8;

/** The one variance of a mixture's Gaussians: fixed, or learned with the networks. Owns its tensors. */
export class LearnedVariance implements Trainable {
  /** Of a learned variance. */
  readonly variable: tf.Variable | undefined;
  readonly #fixed: tf.Scalar;

  /** @param standardDeviation - `learned` starts at 1. */
  constructor(standardDeviation: number | 'learned') {
    const learned = standardDeviation === 'learned';
    this.variable = learned ? tf.tidy(() => tf.variable(tf.scalar(0))) : undefined;
    this.#fixed = tf.scalar(learned ? 0 : 2 * Math.log(standardDeviation));
  }

  /** What is trained; nothing where it is fixed. */
  get variables(): readonly tf.Variable[] {
    return this.variable === undefined ? [] : [this.variable];
  }

  /** log σ²; a tensor of the scope around, or one that lives as long as this. */
  logVariance(): tf.Scalar {
    const { variable } = this;
    if (variable === undefined) return this.#fixed;
    return tf.log(tf.add(tf.exp(tf.mul<tf.Scalar>(variable, varianceScale)), varianceFloor));
  }

  /** Reads σ back; call it outside the training loop. */
  async standardDeviation(): Promise<number> {
    const logVariance = tf.tidy(() => tf.clone(this.logVariance()));
    const [value] = await logVariance.data<'float32'>();
    logVariance.dispose();
    return Math.exp(0.5 * (value as number));
  }

  /** Copies the variable out of the backend; nothing where it is fixed. */
  async toArrays(): Promise<NamedArrays> {
    const scaled = await this.variable?.data<'float32'>();
    return scaled === undefined ? {} : { scaled: { shape: [], data: scaled.slice() } };
  }

  /** Overwrites the variable with a saved one. @throws CheckpointError when it is missing. */
  assign(arrays: NamedArrays): void {
    const { variable } = this;
    if (variable === undefined) return;
    const value = arrays.scaled?.data[0];
    if (typeof value !== 'number') {
      throw new CheckpointError({
        what: 'The checkpoint lacks the variance of its Gaussians',
        remedy: 'start the training anew',
      });
    }
    tf.tidy(() => variable.assign(tf.scalar(value)));
  }

  /** Frees the tensors. */
  dispose(): void {
    this.variable?.dispose();
    this.#fixed.dispose();
  }
}
