import { tf } from '../../tensor/tf.ts';

/**
 * Computes the logits of the attentive gate of Krishnamurthy, Watkins and Gaertner (arXiv 2302.14703): how well the gate's
 * query fits the key of every expert, Q·K_e/√h with Q = h_g·W_q and K_e = h_e·W_k. The keys' matrix is one for all
 * experts, so permuting the experts permutes the logits.
 *
 * W_k is applied to the query instead, which gives the same products: (h_g·W_q·W_kᵀ)·h_e.
 *
 * @param query - h_g, last hidden activations of the gate, [B, h]. Borrowed.
 * @param keys - h_e, last hidden activations of the experts, [M, B, h]. Borrowed.
 * @param queryWeights - W_q, [h, h]. Borrowed.
 * @param keyWeights - W_k, [h, h]. Borrowed.
 * @returns [B, M]; the caller disposes of them.
 */
export function attentionLogits(
  query: tf.Tensor2D,
  keys: tf.Tensor3D,
  queryWeights: tf.Tensor2D,
  keyWeights: tf.Tensor2D,
): tf.Tensor2D {
  return tf.tidy(() => {
    const turned = tf.matMul(tf.matMul(query, queryWeights), keyWeights, false, true);
    const products = tf.sum<tf.Tensor2D>(tf.mul(keys, tf.expandDims(turned, 0)), 2);
    return tf.div<tf.Tensor2D>(tf.transpose(products), Math.sqrt(query.shape[1]));
  });
}
