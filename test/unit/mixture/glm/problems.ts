import {
  type SymmetricExperts,
  SymmetricMixture,
  sigmoid,
} from '../../../../src/mixture/glm/symmetric-mixture.ts';
import { Rng } from '../../../../src/random.ts';

/** Draws a vector of a given length in a random direction. */
export function randomVector(size: number, norm: number, rng: Rng): Float64Array {
  const vector = Float64Array.from({ length: size }, () => rng.normal());
  const scale = norm / Math.hypot(...vector);
  return vector.map((v) => v * scale);
}

/** Draws a symmetric mixture's data from the model itself: Gaussian inputs, parameters of the given norms. */
export function symmetricProblem(
  experts: SymmetricExperts,
  size: {
    readonly samples: number;
    readonly inputs: number;
    readonly gateNorm: number;
    readonly expertNorm: number;
  },
  seed: number,
) {
  const rng = Rng.fromSeed(seed).fork('symmetric-problem');
  const { expertNorm, gateNorm, inputs, samples } = size;
  const w = randomVector(inputs, gateNorm, rng);
  const beta = randomVector(inputs, expertNorm, rng);
  const dot = (row: Float64Array, v: Float64Array) =>
    row.reduce((sum, value, d) => sum + value * (v[d] as number), 0);
  const x = Array.from({ length: samples }, () => Float64Array.from({ length: inputs }, () => rng.normal()));
  const y = x.map((row) => {
    const z = rng.uniform() < sigmoid(dot(row, w)) ? 1 : -1;
    const mean = z * dot(row, beta);
    if (experts === 'linear') return mean + rng.normal();
    return rng.uniform() < sigmoid(mean) ? 1 : -1;
  });
  const truth = Float64Array.from([...w, ...beta]);
  const start = truth.slice();
  const offset = randomVector(2 * inputs, 0.5 * Math.hypot(...truth), rng);
  offset.forEach((v, d) => {
    start[d] = (start[d] as number) + v;
  });
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
