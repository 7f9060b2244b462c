import { tf } from '../../tensor/tf.ts';

/**
 * Computes the importance loss of Shazeer et al. (2017): the squared coefficient of variation of the experts' importance,
 * CV² = variance / mean² (variance over the experts, divided by M − 1), importance I_e = Σ_x p(e|x). 0 where all experts
 * are used alike, M where one is used alone; 0 for a single expert.
 *
 * @param gate - row-major, shape `[N, M]`.
 */
export function importanceLoss(gate: ArrayLike<number>, experts: number): number {
  if (experts === 1) return 0;
  const importance = new Float64Array(experts);
  for (let at = 0; at < gate.length; at++) {
    importance[at % experts] = (importance[at % experts] as number) + (gate[at] as number);
  }
  const mean = importance.reduce((a, b) => a + b, 0) / experts;
  const variance = importance.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (experts - 1);
  return variance / mean ** 2;
}

/**
 * Computes {@link importanceLoss} on tensors; differentiable in the gate.
 *
 * @param gate - [N, M]. Borrowed.
 */
export function importanceLossTensor(gate: tf.Tensor2D): tf.Scalar {
  const experts = gate.shape[1];
  if (experts === 1) return tf.scalar(0);
  return tf.tidy(() => {
    const importance = tf.sum(gate, 0);
    const mean = tf.mean(importance);
    const variance = tf.div(tf.sum(tf.square(tf.sub(importance, mean))), experts - 1);
    return tf.div<tf.Scalar>(variance, tf.square(mean));
  });
}
