import { type SymmetricSize, sampleSymmetric } from '../../../../src/mixture/glm/sample-symmetric.ts';
import {
  type SymmetricExperts,
  SymmetricMixture,
  sigmoid,
} from '../../../../src/mixture/glm/symmetric-mixture.ts';
import { Rng } from '../../../../src/random.ts';

/** Draws a symmetric mixture's data from the model itself, with a start half the truth's length away from the truth. */
export function symmetricProblem(experts: SymmetricExperts, size: SymmetricSize, seed: number) {
  const rng = Rng.fromSeed(seed).fork('symmetric-problem');
  const { truth, x, y } = sampleSymmetric(experts, size, rng);
  const offset = truth.map(() => rng.normal());
  const scale = (0.5 * Math.hypot(...truth)) / Math.hypot(...offset);
  const start = truth.map((t, d) => t + scale * (offset[d] as number));
  return { x, y, truth, start, model: new SymmetricMixture(x, y, experts) };
}

/** Draws inputs, and outputs of two experts whose gate is a step at zero in the first input. */
export function twoRegimes(samples: number, seed: number) {
  const rng = Rng.fromSeed(seed).fork('two-regimes');
  const x = Array.from({ length: samples }, () => [rng.uniform(-2, 2), rng.uniform(-2, 2)]);
  const linear = x.map(([a = 0, b = 0]) => (a > 0 ? 3 + 2 * b : -1 - b) + rng.normal(0, 0.1));
  const labels = x.map(([a = 0, b = 0]) => (rng.uniform() < sigmoid(a > 0 ? 6 * b : -6 * b) ? 7 : 2));
  return { x, linear, labels, rng };
}
