import { solveNormalEquations } from '../least-squares.ts';
import { choleskyFactor, solveLower, solveLowerTransposed } from './cholesky.ts';
import { accumulate, type Features, weightedGram } from './features.ts';

/**
 * Solves the weighted least-squares problem min Σ_i c_i·‖y_i − W·x_i‖²; of many solutions the one of least norm (in
 * features scaled to the same size), so
 * that constant, repeated or too many features are no error.
 *
 * @param outputs - y, row-major, shape `[N, width]`.
 * @param weights - c, shape `[N]`, not negative.
 * @returns W, row-major, shape `[width, K]`.
 */
export function fitLeastSquares(
  features: Features,
  outputs: Float64Array,
  width: number,
  weights?: Float64Array,
): Float64Array {
  const { columns, rows } = features;
  const gram = weightedGram(features, weights);
  const right = new Float64Array(width * columns);
  const weighted = outputs.slice();
  if (weights !== undefined) {
    for (let i = 0; i < rows; i++) {
      for (let o = 0; o < width; o++)
        weighted[i * width + o] = (weights[i] as number) * (outputs[i * width + o] as number);
    }
  }
  accumulate(features, weighted, width, right);
  // in units in which every feature has the same size, so that small units are not taken for missing rank
  const scale = Float64Array.from(
    { length: columns },
    (_, d) => Math.sqrt(gram[d * columns + d] as number) || 1,
  );
  for (let a = 0; a < columns; a++) {
    for (let b = 0; b < columns; b++) {
      gram[a * columns + b] = (gram[a * columns + b] as number) / (scale[a] as number) / (scale[b] as number);
    }
  }
  for (let at = 0; at < right.length; at++)
    right[at] = (right[at] as number) / (scale[at % columns] as number);
  const unscaled = () => right.map((v, at) => v / (scale[at % columns] as number));
  const factor = gram.slice();
  if (choleskyFactor(factor, columns)) {
    for (let o = 0; o < width; o++) {
      const row = right.subarray(o * columns, (o + 1) * columns);
      solveLower(factor, row, columns);
      solveLowerTransposed(factor, row, columns);
    }
    return unscaled();
  }
  const transposed = new Float64Array(right.length);
  for (let o = 0; o < width; o++) {
    for (let d = 0; d < columns; d++) transposed[d * width + o] = right[o * columns + d] as number;
  }
  const solution = solveNormalEquations(gram, transposed, columns, width);
  for (let o = 0; o < width; o++) {
    for (let d = 0; d < columns; d++) right[o * columns + d] = solution[d * width + o] as number;
  }
  return unscaled();
}
