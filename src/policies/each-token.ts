import type { BatchedMlp } from '../tensor/batched-mlp.ts';
import { tf } from '../tensor/tf.ts';

/**
 * Applies one network to every token of a batch: the embeddings and heads of transformers.
 *
 * @param network - E = 1.
 * @param tokens - shape `[B, T, K]`; borrowed.
 * @returns shape `[B, T, N]`; the caller disposes of it.
 */
export function eachToken(network: BatchedMlp, tokens: tf.Tensor3D): tf.Tensor3D {
  const [n, T, width] = tokens.shape;
  return tf.tidy(() => {
    const rows = tf.reshape<tf.Rank.R3>(tokens, [1, n * T, width]);
    return tf.reshape<tf.Rank.R3>(network.forward(rows), [n, T, network.shape.outputSize]);
  });
}
