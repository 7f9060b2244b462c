import { expect, it } from 'vitest';
import { tf } from '../../../src/tensor/tf.ts';
import { withFeatures } from '../../../src/training/learner.ts';
import { observationFeatures } from '../../../src/training/observation-features.ts';

await tf.setBackend('cpu');

it('describes observations by themselves, sines and cosines', () => {
  const features = observationFeatures(Float32Array.of(0.5, -1), 2, 2);
  const expected = [
    0.5,
    -1,
    ...[1, 2].flatMap((f) => [Math.sin, Math.cos].flatMap((g) => [g(f * 0.5), g(-f)])),
  ];
  expect(features).toHaveLength(10);
  for (const [i, value] of expected.entries()) expect(features[i]).toBeCloseTo(value, 6);
});

it('describes them to a training as to an acting policy', () => {
  const histories = Float32Array.of(0.3, -1.2, 0.9, 0.4, 2, 1, -0.5, 0.1);
  const acting = observationFeatures(histories, 2, 3);
  const training = tf.tidy(() => withFeatures(tf.tensor3d(histories.slice(), [2, 2, 2]), 3).dataSync());
  expect(training).toHaveLength(acting.length);
  for (const [i, value] of acting.entries()) expect(training[i]).toBeCloseTo(value, 5);
});
