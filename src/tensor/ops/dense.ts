import { tf } from '../tf.ts';
import { type Activation, activate } from './activation.ts';

/** Multiplies x [E or 1, B, K] by weights [E, K, N]; the gradient of a shared x is summed over E. */
function batchedMatMul(x: tf.Tensor3D, weights: tf.Tensor3D): tf.Tensor3D {
  const multiply = tf.customGrad((...inputs) => {
    const [a, b, save] = inputs as unknown as [tf.Tensor3D, tf.Tensor3D, tf.GradSaveFunc];
    save([a, b]);
    return {
      value: tf.matMul(a, b),
      gradFunc: (dy: tf.Tensor, saved: tf.Tensor[]) => {
        const [a, b] = saved as [tf.Tensor3D, tf.Tensor3D];
        const da = tf.matMul(dy, b, false, true);
        return [a.shape[0] === b.shape[0] ? da : tf.sum(da, 0, true), tf.matMul(a, dy, true, false)];
      },
    };
  });
  return multiply(x, weights) as tf.Tensor3D;
}

/**
 * Applies E dense layers of one shape at once: activation(x·weights + bias).
 *
 * Runs as one fused kernel where the active backend has it and as plain tensor operations elsewhere, with the
 * same gradients. Borrows its inputs; the caller disposes of the result.
 *
 * @param x - inputs [E, B, K], or one input shared by all layers, [1, B, K] or [B, K]; never copied per layer.
 * @param weights - [E, K, N].
 * @param bias - [E, 1, N].
 * @returns outputs [E, B, N].
 */
export function dense(
  x: tf.Tensor3D | tf.Tensor2D,
  weights: tf.Tensor3D,
  bias: tf.Tensor3D,
  activation: Activation = 'linear',
): tf.Tensor3D {
  return tf.tidy(() => {
    const batched = x.rank === 2 ? tf.expandDims<tf.Tensor3D>(x, 0) : (x as tf.Tensor3D);
    return activate(tf.add<tf.Tensor3D>(batchedMatMul(batched, weights), bias), activation);
  });
}
