import { tf } from '../tf.ts';
import { hasFusedKernel, runFused } from './fused.ts';

const FUSED = 'GaussianLogLikelihood';
const FUSED_MEAN_GRADIENT = 'GaussianMeanGradient';

tf.registerGradient({
  kernelName: FUSED,
  inputsToSave: ['mean', 'target', 'logVariance'],
  gradFunc: (dy, saved) => {
    const [mean, target, logVariance] = saved as [tf.Tensor3D, tf.Tensor3D, tf.Tensor];
    let computed: tf.Tensor | undefined;
    const meanGradient = () => {
      computed ??= runFused<tf.Tensor>(FUSED_MEAN_GRADIENT, {
        mean,
        target,
        logVariance,
        dy: dy as tf.Tensor,
      });
      return computed;
    };
    return {
      mean: meanGradient,
      target: () => {
        const gradient = tf.neg(meanGradient());
        return target.shape[0] === mean.shape[0] ? gradient : tf.sum(gradient, 0, true);
      },
      logVariance: () => {
        const scaled = tf.mul(tf.square(tf.sub(target, mean)), tf.exp(tf.neg(logVariance)));
        const perDimension = tf.mul(tf.expandDims(dy as tf.Tensor, -1), tf.mul(tf.sub(scaled, 1), 0.5));
        return logVariance.size > 1
          ? tf.reshape(tf.sum(perDimension, [0, 1]), logVariance.shape)
          : tf.reshape(tf.sum(perDimension), logVariance.shape);
      },
    };
  },
});

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
 * @throws Error when the shapes do not fit together.
 */
export function gaussianLogLikelihood(
  mean: tf.Tensor3D,
  target: tf.Tensor3D | tf.Tensor2D,
  logVariance: tf.Tensor1D | tf.Scalar,
): tf.Tensor2D {
  return tf.tidy(() => {
    const batched = target.rank === 2 ? tf.expandDims<tf.Tensor3D>(target, 0) : (target as tf.Tensor3D);
    const [E, B, D] = mean.shape;
    const fits =
      (batched.shape[0] === E || batched.shape[0] === 1) && batched.shape[1] === B && batched.shape[2] === D;
    if (!fits || (logVariance.size !== D && logVariance.size !== 1)) {
      throw new Error(
        `gaussianLogLikelihood: mean [${mean.shape}], target [${target.shape}] and log variance ` +
          `[${logVariance.shape}] do not fit; expected [E, B, D], [E or 1, B, D], [D] or []`,
      );
    }
    if (hasFusedKernel(FUSED)) {
      return runFused<tf.Tensor2D>(FUSED, { mean, target: batched, logVariance });
    }
    const scaled = tf.mul(tf.square(tf.sub(batched, mean)), tf.exp(tf.neg(logVariance)));
    const perDimension = tf.add(scaled, tf.add(logVariance, Math.log(2 * Math.PI)));
    return tf.mul(tf.sum(perDimension, -1), -0.5) as tf.Tensor2D;
  });
}
