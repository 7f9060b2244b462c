import { tf } from '../../tensor/tf.ts';

/** Weights of the two terms of the similarity loss. */
export interface SimilarityWeights {
  /** β_s: what it costs that far samples go to the same expert. */
  readonly same: number;
  /** β_d: what it gains that far samples go to different experts. */
  readonly different: number;
}

/** What the two sums over pairs of samples are multiplied by; without a pair, or a second expert, a term is 0. */
function factors(samples: number, experts: number, weights: SimilarityWeights) {
  const pairs = samples * samples - samples;
  const others = experts * experts - experts;
  return {
    same: pairs === 0 ? 0 : weights.same / experts / pairs,
    different: pairs === 0 || others === 0 ? 0 : weights.different / others / pairs,
  };
}

/**
 * Computes the sample-similarity loss L_s of Krishnamurthy, Watkins and Gaertner (arXiv 2302.14703):
 *
 *     L_s = 1/(N² − N) · Σ_{x≠x'} [ β_s/M · Σ_e p(e|x)·p(e|x') − β_d/(M² − M) · Σ_{e≠e'} p(e|x)·p(e'|x') ] · d(x, x')
 *
 * in matrix form, with P the gate's answers, s their row sums and D the distances: the first sum is ⟨P·Pᵀ, D⟩, the
 * second ⟨s·sᵀ − P·Pᵀ, D⟩. Rows that sum to one make the loss (β_s/M + β_d/(M² − M))·⟨P·Pᵀ, D⟩ less a constant, so that
 * data tell the two weights apart in their sum alone.
 *
 * @param gate - P, row-major, shape `[N, M]`.
 * @param distances - D, row-major, shape `[N, N]`; the diagonal counts as 0.
 */
export function similarityLoss(
  gate: ArrayLike<number>,
  distances: ArrayLike<number>,
  experts: number,
  weights: SimilarityWeights,
): number {
  const samples = gate.length / experts;
  const { different, same } = factors(samples, experts, weights);
  let together = 0;
  let all = 0;
  const weighted = new Float64Array(experts);
  for (let i = 0; i < samples; i++) {
    weighted.fill(0);
    for (let j = 0; j < samples; j++) {
      if (i === j) continue;
      const distance = distances[i * samples + j] as number;
      for (let e = 0; e < experts; e++) {
        weighted[e] = (weighted[e] as number) + distance * (gate[j * experts + e] as number);
      }
    }
    let own = 0;
    for (let e = 0; e < experts; e++) {
      own += gate[i * experts + e] as number;
      together += (gate[i * experts + e] as number) * (weighted[e] as number);
    }
    all += own * weighted.reduce((a, b) => a + b, 0);
  }
  return same * together - different * (all - together);
}

/**
 * Computes {@link similarityLoss} on tensors; differentiable in the gate.
 *
 * @param gate - P, [N, M]. Borrowed.
 * @param distances - D, [N, N], zero on the diagonal. Borrowed.
 */
export function similarityLossTensor(
  gate: tf.Tensor2D,
  distances: tf.Tensor2D,
  weights: SimilarityWeights,
): tf.Scalar {
  const [samples, experts] = gate.shape;
  const { different, same } = factors(samples, experts, weights);
  return tf.tidy(() => {
    const together = tf.sum(tf.mul(gate, tf.matMul(distances, gate)));
    const own = tf.sum<tf.Tensor2D>(gate, 1, true);
    const all = tf.sum(tf.mul(own, tf.matMul(distances, own)));
    return tf.sub<tf.Scalar>(tf.mul(together, same + different), tf.mul(all, different));
  });
}

/**
 * Computes the Euclidean distances between all samples of a batch, divided by the largest: 0 to 1 whatever the number
 * and the units of the features.
 *
 * @param x - [N, D]. Borrowed.
 * @returns [N, N], zero on the diagonal, all zero where all samples agree; the caller disposes of it.
 */
export function relativeDistances(x: tf.Tensor2D): tf.Tensor2D {
  return tf.tidy(() => {
    // distances do not change, but round less, about the mean
    const centered = tf.sub<tf.Tensor2D>(x, tf.mean(x, 0, true));
    const squares = tf.sum<tf.Tensor2D>(tf.square(centered), 1, true);
    const products = tf.matMul(centered, centered, false, true);
    const squared = tf.relu(tf.sub(tf.add(squares, tf.transpose(squares)), tf.mul(products, 2)));
    const apart = tf.mul(tf.sqrt(squared), tf.sub(1, tf.eye(x.shape[0])));
    return tf.div<tf.Tensor2D>(apart, tf.maximum(tf.max(apart), 1e-12));
  });
}
