import { tf } from '../tf.ts';
import { hasFusedKernel, runFused } from './fused.ts';

const LOG_SUM_EXP = 'RowLogSumExp';
const LOG_SOFTMAX = 'RowLogSoftmax';

tf.registerGradient({
  kernelName: LOG_SUM_EXP,
  inputsToSave: ['x'],
  outputsToSave: [true],
  gradFunc: (dy, saved) => {
    const [x, y] = saved as [tf.Tensor, tf.Tensor];
    const share = () => tf.exp(tf.sub(x, tf.expandDims(y, -1)));
    return { x: () => tf.mul(tf.expandDims(dy as tf.Tensor, -1), share()) };
  },
});

tf.registerGradient({
  kernelName: LOG_SOFTMAX,
  inputsToSave: [],
  outputsToSave: [true],
  gradFunc: (gradient, saved) => {
    const dy = gradient as tf.Tensor;
    return { x: () => tf.sub(dy, tf.mul(tf.exp(saved[0] as tf.Tensor), tf.sum(dy, -1, true))) };
  },
});

/**
 * Computes log Σ exp(x) over the last axis without overflow; -Infinity where all terms are.
 *
 * One kernel where the active backend has it, plain operations elsewhere, with the same gradients. Borrows x.
 *
 * @param x - [..., C].
 * @returns [...], the last axis dropped.
 */
export function logSumExp(x: tf.Tensor): tf.Tensor {
  if (hasFusedKernel(LOG_SUM_EXP)) return runFused<tf.Tensor>(LOG_SUM_EXP, { x });
  return tf.logSumExp(x, -1);
}

/** Computes log softmax(x) over the last axis; as {@link logSumExp} otherwise. */
export function logSoftmax<T extends tf.Tensor>(x: T): T {
  if (hasFusedKernel(LOG_SOFTMAX)) return runFused<T>(LOG_SOFTMAX, { x });
  return tf.logSoftmax(x, -1);
}
