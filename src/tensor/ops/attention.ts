import { tf } from '../tf.ts';
import { hasFusedKernel, runFused } from './fused.ts';

const FUSED = 'MaskedSoftmax';
const FUSED_GRADIENT = 'MaskedSoftmaxGradient';

/** softmax(scale·x + mask) over the last axis. */
function maskedSoftmax(x: tf.Tensor, scale: number, mask: tf.Tensor2D | undefined): tf.Tensor {
  if (!hasFusedKernel(FUSED)) {
    const scaled = tf.mul(x, scale);
    return tf.softmax(mask === undefined ? scaled : tf.add(scaled, mask), -1);
  }
  const run = tf.customGrad((...inputs) => {
    const [x, save] = inputs as unknown as [tf.Tensor, tf.GradSaveFunc];
    const value = runFused<tf.Tensor>(FUSED, mask === undefined ? { x } : { x, mask }, { scale });
    save([value]);
    return {
      value,
      gradFunc: (dy: tf.Tensor, saved: tf.Tensor[]) =>
        runFused<tf.Tensor>(FUSED_GRADIENT, { y: saved[0] as tf.Tensor, dy }, { scale }),
    };
  });
  return run(x);
}

/**
 * Applies scaled dot-product attention (Vaswani et al. 2017, equation 1): softmax(q·kᵀ/√D + mask)·v.
 *
 * Scaling, mask and softmax are one kernel where the active backend has it. Borrows its inputs; the caller disposes of
 * the result.
 *
 * @param q - queries [..., T, D].
 * @param k - keys [..., S, D].
 * @param v - values [..., S, Dv].
 * @param mask - added to the scores, [T, S]: 0 where a query may look, -Infinity where not; a query must be able to
 *   look somewhere. No gradient flows to it.
 * @returns [..., T, Dv].
 */
export function attention(q: tf.Tensor, k: tf.Tensor, v: tf.Tensor, mask?: tf.Tensor2D): tf.Tensor {
  return tf.tidy(() => {
    const scale = 1 / Math.sqrt(q.shape.at(-1) as number);
    return tf.matMul(maskedSoftmax(tf.matMul(q, k, false, true), scale, mask), v);
  });
}

/** Builds the mask that lets position t look at positions up to t: [T, T], the caller disposes of it. */
export function causalMask(length: number): tf.Tensor2D {
  const values = Float32Array.from({ length: length * length }, (_, i) =>
    i % length > Math.floor(i / length) ? Number.NEGATIVE_INFINITY : 0,
  );
  return tf.tensor2d(values, [length, length]);
}
