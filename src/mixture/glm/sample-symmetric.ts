import type { Rng } from '../../random.ts';
import { type SymmetricExperts, sigmoid } from './symmetric-mixture.ts';

/** Sizes of a symmetric problem. */
export interface SymmetricSize {
  /** N. */
  readonly samples: number;
  /** K. */
  readonly inputs: number;
  /** ‖w‖. */
  readonly gateNorm: number;
  /** ‖β‖. */
  readonly expertNorm: number;
}

function randomDirection(size: number, norm: number, rng: Rng): Float64Array {
  const vector = Float64Array.from({ length: size }, () => rng.normal());
  const scale = norm / Math.hypot(...vector);
  return vector.map((v) => v * scale);
}

/**
 * Draws data from a symmetric mixture with random parameters of given norms and standard normal inputs.
 *
 * @returns inputs, outputs (numbers, or labels ±1) and the true θ = (w, β).
 */
export function sampleSymmetric(experts: SymmetricExperts, size: SymmetricSize, rng: Rng) {
  const { expertNorm, gateNorm, inputs, samples } = size;
  const w = randomDirection(inputs, gateNorm, rng);
  const beta = randomDirection(inputs, expertNorm, rng);
  const dot = (row: Float64Array, v: Float64Array) =>
    row.reduce((sum, value, d) => sum + value * (v[d] as number), 0);
  const x = Array.from({ length: samples }, () => Float64Array.from({ length: inputs }, () => rng.normal()));
  const y = x.map((row) => {
    const z = rng.uniform() < sigmoid(dot(row, w)) ? 1 : -1;
    const mean = z * dot(row, beta);
    if (experts === 'linear') return mean + rng.normal();
    return rng.uniform() < sigmoid(mean) ? 1 : -1;
  });
  return { x, y, truth: Float64Array.of(...w, ...beta) };
}
