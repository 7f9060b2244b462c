import { gaussianLogLikelihood } from '../../tensor/ops/gaussian-log-likelihood.ts';
import { logSoftmax, logSumExp } from '../../tensor/ops/log-sum-exp.ts';
import { tf } from '../../tensor/tf.ts';
import { indexOfLargest } from './gate-metrics.ts';

/**
 * How M experts make one answer.
 *
 * `expectation`: the mean of their answers, weighted by the gate. `stochastic`: one of them, drawn from the gate while
 * training and the most probable one afterwards (Jacobs et al. 1991). `top-k`: as `expectation`, of the k most probable
 * ones; for k = 1 the answer is scaled by its probability, which keeps a gradient for the gate.
 */
export const mixtureKinds = ['expectation', 'stochastic', 'top-k'] as const;

/** One of {@link mixtureKinds}, with k of `top-k`. */
export interface MixtureForm {
  readonly kind: (typeof mixtureKinds)[number];
  readonly k?: number;
}

/** Added to the logits of experts that are left out: no more than 0 in single precision, and no NaN in gradients. */
const LEFT_OUT = -1e9;

/**
 * Computes the logarithm of the weights with which the experts answer, [B, M]; the experts that a `top-k` leaves out get
 * -1e9 or less. Differentiable in the logits.
 *
 * @param logits - of the gate, [B, M]. Borrowed.
 */
export function logWeights({ kind, k = 1 }: MixtureForm, logits: tf.Tensor2D): tf.Tensor2D {
  const experts = logits.shape[1];
  if (kind !== 'top-k' || k >= experts) return logSoftmax(logits);
  return tf.tidy(() => {
    const out = leftOut(logits, k);
    return k === 1 ? tf.add(logSoftmax(logits), out) : logSoftmax(tf.add(logits, out));
  });
}

/** 0 for the k largest of every row, a large negative number for the others; no gradient flows through the choice. */
function leftOut(logits: tf.Tensor2D, k: number): tf.Tensor2D {
  const choose = tf.customGrad((...inputs) => {
    const [x] = inputs as unknown as [tf.Tensor2D];
    const least = tf.slice(tf.topk(x, k).values, [0, k - 1], [-1, 1]);
    const value = tf.mul<tf.Tensor2D>(tf.cast(tf.less(x, least), 'float32'), LEFT_OUT);
    return { value, gradFunc: (dy: tf.Tensor) => tf.zerosLike(dy) };
  });
  return choose(logits) as tf.Tensor2D;
}

/**
 * Computes the mean negative log-likelihood of classes, nats; of `stochastic` mixtures -log Σ_e p_e·exp(-½·CE_e), the form
 * of Jacobs et al. with the cross entropy in place of the squared error.
 *
 * @param logits - of the gate, [B, M]. Borrowed.
 * @param outputs - class logits of every expert, [M, B, K]. Borrowed.
 * @param labels - one-hot, [B, K]. Borrowed.
 */
export function classificationLoss(
  form: MixtureForm,
  logits: tf.Tensor2D,
  outputs: tf.Tensor3D,
  labels: tf.Tensor2D,
): tf.Scalar {
  return tf.tidy(() => {
    const ofLabel = tf.transpose(tf.sum<tf.Tensor2D>(tf.mul(logSoftmax(outputs), labels), 2));
    const scaled = form.kind === 'stochastic' ? tf.mul(ofLabel, 0.5) : ofLabel;
    return tf.neg(tf.mean(logSumExp(tf.add(logWeights(form, logits), scaled))));
  });
}

/**
 * Computes the mean loss of numbers: half the squared error of the weighted answer, added over the outputs; of `stochastic`
 * mixtures the negative log-likelihood -log Σ_e p_e·N(y; o_e, σ²), nats.
 *
 * @param outputs - answers of every expert, [M, B, K]. Borrowed.
 * @param targets - [B, K]. Borrowed.
 * @param logVariance - log σ². Borrowed.
 */
export function regressionLoss(
  form: MixtureForm,
  logits: tf.Tensor2D,
  outputs: tf.Tensor3D,
  targets: tf.Tensor2D,
  logVariance: tf.Scalar,
): tf.Scalar {
  return tf.tidy(() => {
    const weights = logWeights(form, logits);
    if (form.kind === 'stochastic') {
      const density = tf.transpose(gaussianLogLikelihood(outputs, targets, logVariance));
      return tf.neg(tf.mean(logSumExp(tf.add(weights, density))));
    }
    const shares = tf.expandDims(tf.transpose(tf.exp(weights)), 2);
    const answer = tf.sum(tf.mul(outputs, shares), 0);
    return tf.mul<tf.Scalar>(tf.mean(tf.sum(tf.squaredDifference(answer, targets), 1)), 0.5);
  });
}

/**
 * Combines the experts' answers to one sample.
 *
 * @param gate - weights of the experts, shape `[M]`, as the exponential of {@link logWeights} gives them.
 * @param outputs - answers of the experts, shape `[M, K]`: class probabilities or numbers.
 * @param into - shape `[K]`, overwritten.
 */
export function combineAnswers(
  kind: MixtureForm['kind'],
  gate: ArrayLike<number>,
  outputs: ArrayLike<number>,
  into: Float64Array,
): void {
  const width = into.length;
  into.fill(0);
  const add = (expert: number, weight: number) => {
    for (let o = 0; o < width; o++) {
      into[o] = (into[o] as number) + weight * (outputs[expert * width + o] as number);
    }
  };
  if (kind === 'stochastic') add(indexOfLargest(gate, 0, gate.length), 1);
  else for (let e = 0; e < gate.length; e++) add(e, gate[e] as number);
}

/** Turns rows of class logits into probabilities, in place of each row. */
export function softmaxRows(logits: ArrayLike<number>, classes: number): Float64Array {
  const result = new Float64Array(logits.length);
  for (let from = 0; from < logits.length; from += classes) {
    const largest = logits[from + indexOfLargest(logits, from, classes)] as number;
    let total = 0;
    for (let c = from; c < from + classes; c++) {
      const weight = Math.exp((logits[c] as number) - largest);
      result[c] = weight;
      total += weight;
    }
    for (let c = from; c < from + classes; c++) result[c] = (result[c] as number) / total;
  }
  return result;
}
