import { tf } from '../tf.ts';
import { hasFusedKernel, runFused } from './fused.ts';

const FUSED = 'AdamUpdate';

/** One variable of an {@link adamUpdate} with its gradient and moments, all of one shape. */
export interface AdamParameter {
  readonly value: tf.Variable;
  readonly gradient: tf.Tensor;
  readonly m: tf.Variable;
  readonly v: tf.Variable;
  /** Decoupled weight decay: the step multiplies the value by 1 - learningRate·weightDecay. */
  readonly weightDecay: number;
}

/** The settings of an {@link adamUpdate}. */
export interface AdamSettings {
  readonly learningRate: number;
  readonly beta1: number;
  readonly beta2: number;
  readonly epsilon: number;
  /** The number of this step, from 1. */
  readonly step: number;
  /** Multiplies all gradients (clipping); a tensor, so that it need not be read back. */
  readonly scale?: tf.Scalar | undefined;
  /** Per entry of the leading axis of variables that have as many: 0 leaves the entry's numbers as they are. */
  readonly active?: ArrayLike<number> | null | undefined;
}

/** Gives a variable numbers of its own where it shares them with a clone or a reshaped view. */
function unshare(variable: tf.Variable): void {
  if (tf.backend().refCount(variable.dataId) > 1) {
    tf.tidy(() => variable.assign(tf.add(variable, 0)));
  }
}

/**
 * Takes one step of Adam (Kingma and Ba 2015, algorithm 1, ε added to the corrected root as there and in PyTorch)
 * or AdamW (Loshchilov and Hutter 2019) over all variables, in place, as one kernel.
 *
 * @returns false, with nothing changed, where the active backend has no such kernel: then compose it.
 */
export function adamUpdate(parameters: readonly AdamParameter[], settings: AdamSettings): boolean {
  if (!hasFusedKernel(FUSED)) return false;
  const inputs: Record<string, tf.Tensor> = {};
  for (const [i, { value, gradient, m, v }] of parameters.entries()) {
    for (const variable of [value, m, v]) unshare(variable);
    inputs[`value${i}`] = value;
    inputs[`gradient${i}`] = gradient;
    inputs[`m${i}`] = m;
    inputs[`v${i}`] = v;
  }
  const { scale, active, ...rest } = settings;
  if (scale !== undefined) inputs.scale = scale;
  runFused(FUSED, inputs, {
    ...rest,
    weightDecay: parameters.map(({ weightDecay }) => weightDecay),
    active: active === null || active === undefined ? null : Array.from(active),
  });
  return true;
}
