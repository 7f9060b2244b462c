import { tf } from '../tf.ts';
import { hasFusedKernel, runFused } from './fused.ts';

const FUSED = 'FusedLayerNorm';
const FUSED_BACKWARD = 'FusedLayerNormBackward';

/**
 * Normalizes over the last axis (Ba et al. 2016): gain·(x - mean)/√(variance + epsilon) + offset.
 *
 * One kernel forward and one backward where the active backend has them, plain operations elsewhere. Borrows its
 * inputs; the caller disposes of the result.
 *
 * @param x - [..., D].
 * @param gain - [D].
 * @param offset - [D].
 * @returns the shape of x.
 */
export function layerNorm<T extends tf.Tensor>(
  x: T,
  gain: tf.Tensor1D,
  offset: tf.Tensor1D,
  epsilon = 1e-5,
): T {
  if (hasFusedKernel(FUSED)) return fusedLayerNorm(x, gain, offset, epsilon);
  return tf.tidy(() => {
    const centred = tf.sub(x, tf.mean(x, -1, true));
    const variance = tf.mean(tf.square(centred), -1, true);
    const normalized = tf.div(centred, tf.sqrt(tf.add(variance, epsilon)));
    return tf.add(tf.mul(normalized, gain), offset) as T;
  });
}

function fusedLayerNorm<T extends tf.Tensor>(
  x: T,
  gain: tf.Tensor1D,
  offset: tf.Tensor1D,
  epsilon: number,
): T {
  const run = tf.customGrad((...inputs) => {
    const [x, gain, offset, save] = inputs as unknown as [T, tf.Tensor1D, tf.Tensor1D, tf.GradSaveFunc];
    save([x, gain]);
    return {
      value: runFused<tf.Tensor>(FUSED, { x, gain, offset }, { epsilon }),
      gradFunc: (dy: tf.Tensor, saved: tf.Tensor[]) => {
        const [x, gain] = saved as [tf.Tensor, tf.Tensor];
        return runFused<tf.Tensor[]>(FUSED_BACKWARD, { x, gain, dy }, { epsilon });
      },
    };
  });
  return run(x, gain, offset) as T;
}
