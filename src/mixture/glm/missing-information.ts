import { choleskyFactor, solveLower, solveLowerTransposed } from './cholesky.ts';
import type { InformativeModel } from './latent-model.ts';

/**
 * Computes the missing-information matrix M(θ) = I_{x,z,y|θ}⁻¹·I_{z|x,y,θ}: the Jacobian of the EM map at a fixed point
 * (Dempster, Laird and Rubin 1977; arXiv 2411.06056, section 4).
 *
 * @returns row-major, shape `[P, P]`; undefined where complete data would not determine θ either.
 */
export function missingInformation(model: InformativeModel, theta: Float64Array): Float64Array | undefined {
  const n = model.size;
  const factor = model.completeInformation(theta);
  if (!choleskyFactor(factor, n)) return undefined;
  const lost = model.lostInformation(theta);
  const missing = new Float64Array(n * n);
  for (let c = 0; c < n; c++) {
    const column = new Float64Array(n);
    for (let r = 0; r < n; r++) column[r] = lost[r * n + c] as number;
    solveLower(factor, column, n);
    solveLowerTransposed(factor, column, n);
    for (let r = 0; r < n; r++) missing[r * n + c] = column[r] as number;
  }
  return missing;
}

/**
 * Computes the largest eigenvalue of M(θ), in [0, 1] at a minimum of the loss: the factor by which EM shrinks the
 * distance to that minimum in every iteration, in the end.
 *
 * @returns undefined where {@link missingInformation} is.
 */
export function largestMissingShare(model: InformativeModel, theta: Float64Array): number | undefined {
  const n = model.size;
  const factor = model.completeInformation(theta);
  if (!choleskyFactor(factor, n)) return undefined;
  const lost = model.lostInformation(theta);
  // C⁻¹·I·C⁻ᵀ has the eigenvalues of M and is symmetric, so that the power iteration is safe
  let vector = new Float64Array(n).fill(1);
  for (let d = 0; d < n; d++) vector[d] = 1 + 0.1 * (d % 7);
  let value = 0;
  for (let iteration = 0; iteration < 10_000; iteration++) {
    const norm = Math.sqrt(vector.reduce((sum, v) => sum + v * v, 0));
    if (norm === 0) return 0;
    const unit = vector.map((v) => v / norm);
    const inner = unit.slice();
    solveLowerTransposed(factor, inner, n);
    const next = new Float64Array(n);
    for (let r = 0; r < n; r++) {
      let sum = 0;
      for (let c = 0; c < n; c++) sum += (lost[r * n + c] as number) * (inner[c] as number);
      next[r] = sum;
    }
    solveLower(factor, next, n);
    const estimate = next.reduce((sum, v, d) => sum + v * (unit[d] as number), 0);
    if (Math.abs(estimate - value) <= 1e-12 * Math.abs(estimate)) return estimate;
    value = estimate;
    vector = next;
  }
  return value;
}
