import type { Rng } from '../random.ts';
import { tf } from '../tensor/tf.ts';

/**
 * Adds independent Gaussian noise to a batch; draws nothing when the standard deviation is 0.
 *
 * @param batch - any shape; returned itself when there is no noise to add.
 */
export function withNoise<T extends tf.Tensor>(batch: T, standardDeviation: number, rng: Rng): T {
  if (standardDeviation === 0) return batch;
  const noise = new Float32Array(batch.size);
  for (let i = 0; i < noise.length; i++) noise[i] = rng.normal(0, standardDeviation);
  return tf.tidy(() => tf.add<T>(batch, tf.tensor(noise, batch.shape)));
}
