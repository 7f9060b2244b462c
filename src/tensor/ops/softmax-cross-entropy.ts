import { tf } from '../tf.ts';
import { logSoftmax } from './log-sum-exp.ts';

/**
 * Computes the cross-entropy -Σ_c target_c · log softmax(logits)_c, in nats, of soft targets.
 *
 * A class of target 0 contributes nothing, even where its logit is -Infinity. Differentiable in the logits and the
 * targets. Borrows its inputs; the caller disposes of the result.
 *
 * @param logits - [..., C].
 * @param targets - [..., C], not negative; they need not sum to one.
 * @returns [...], the last axis dropped.
 */
export function softmaxCrossEntropy(logits: tf.Tensor, targets: tf.Tensor): tf.Tensor {
  const run = tf.customGrad((...inputs) => {
    const [logits, targets, save] = inputs as unknown as [tf.Tensor, tf.Tensor, tf.GradSaveFunc];
    const logShares = logSoftmax(logits);
    save([targets, logShares]);
    const terms = tf.mul(targets, logShares);
    const counted = tf.where(tf.equal(targets, 0), tf.zerosLike(terms), terms);
    return {
      value: tf.neg(tf.sum(counted, -1)),
      gradFunc: (dy: tf.Tensor, saved: tf.Tensor[]) => {
        const [targets, logShares] = saved as [tf.Tensor, tf.Tensor];
        const rows = tf.expandDims(dy, -1);
        const total = tf.sum(targets, -1, true);
        const dLogits = tf.mul(rows, tf.sub(tf.mul(tf.exp(logShares), total), targets));
        return [dLogits, tf.neg(tf.mul(rows, logShares))];
      },
    };
  });
  return run(logits, targets);
}
