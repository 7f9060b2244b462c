import { tf } from '../tf.ts';

/** The activations that a {@link dense} layer can apply, in the order of the kernel's numbering. */
export const activations = ['linear', 'relu', 'tanh', 'silu', 'mish', 'gelu'] as const;

/** The name of an activation function. */
export type Activation = (typeof activations)[number];

/**
 * Applies an activation with plain tensor operations; differentiable, any shape.
 *
 * `silu` is x·σ(x), `mish` x·tanh(softplus(x)), `gelu` the exact form ½x(1 + erf(x/√2)), as PyTorch's defaults.
 */
export function activate<T extends tf.Tensor>(x: T, activation: Activation): T {
  switch (activation) {
    case 'linear':
      return x;
    case 'relu':
      return tf.relu(x);
    case 'tanh':
      return tf.tanh(x);
    case 'silu':
      return tf.mul(x, tf.sigmoid(x)) as T;
    case 'mish':
      return tf.mul(x, tf.tanh(tf.softplus(x))) as T;
    case 'gelu':
      return tf.mul(tf.mul(x, 0.5), tf.add(tf.erf(tf.mul(x, Math.SQRT1_2)), 1)) as T;
    default:
      throw new TypeError(`unknown activation ${activation satisfies never}`);
  }
}
