import { Rng } from '../random.ts';
import { BatchedMlp } from './batched-mlp.ts';
import type { MlpShape } from './mlp-shape.ts';
import { gaussianLogLikelihood } from './ops/gaussian-log-likelihood.ts';
import { AdamW } from './optimizer.ts';
import { tf } from './tf.ts';

const networks = 3;
const batch = 32;
const shape: MlpShape = { networks, inputSize: 4, hidden: [16, 16], outputSize: 2, activation: 'silu' };

/** What one training step computes: the loss, then every gradient, then every weight after the step. */
export type TrainingStepResult = readonly Float32Array[];

/**
 * Runs one fixed training step of small experts on the active backend: forward, backward, AdamW.
 *
 * The inputs and starting weights are the same numbers on every backend. Leaves no tensor behind.
 */
export async function runTrainingStep(): Promise<TrainingStepResult> {
  const rng = Rng.fromSeed('gradient proof');
  const draw = (count: number) => Float32Array.from({ length: count }, () => rng.normal());
  const x = tf.tensor3d(draw(networks * batch * shape.inputSize), [networks, batch, shape.inputSize]);
  const y = tf.tensor3d(draw(networks * batch * shape.outputSize), [networks, batch, shape.outputSize]);
  const mlp = BatchedMlp.draw(shape, rng.fork('weights'));
  const optimizer = new AdamW(mlp.variables, { weightDecay: 0.01, clipNorm: 1 });
  const loss = (): tf.Scalar => tf.neg(tf.mean(gaussianLogLikelihood(mlp.forward(x), y, tf.scalar(0))));
  const { value, grads } = tf.variableGrads(loss, [...mlp.variables]);
  optimizer.step(loss, 1e-2).dispose();
  const tensors = [value, ...mlp.variables.map((variable) => grads[variable.name]!), ...mlp.variables];
  try {
    return await Promise.all(tensors.map(async (tensor) => (await tensor.data<'float32'>()).slice()));
  } finally {
    tf.dispose([value, x, y, grads]);
    optimizer.dispose();
    mlp.dispose();
  }
}

/**
 * Compares two runs of the step: the largest over all arrays of ‖a − b‖ / ‖b‖, Euclidean norms.
 *
 * @returns 0 for equal runs; Infinity where a value is not finite.
 */
export function trainingStepError(run: TrainingStepResult, reference: TrainingStepResult): number {
  let worst = 0;
  for (const [index, expected] of reference.entries()) {
    let difference = 0;
    let norm = 0;
    for (let i = 0; i < expected.length; i++) {
      difference += ((run[index]?.[i] ?? Number.NaN) - (expected[i] as number)) ** 2;
      norm += (expected[i] as number) ** 2;
    }
    const error = Math.sqrt(difference / Math.max(norm, 1e-30));
    if (!Number.isFinite(error)) return Number.POSITIVE_INFINITY;
    worst = Math.max(worst, error);
  }
  return worst;
}
