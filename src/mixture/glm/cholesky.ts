/**
 * Factors a symmetric matrix as C·Cᵀ with C lower triangular, in place: the lower triangle of `matrix` becomes C, the
 * upper one is left as it is and never read.
 *
 * @param matrix - row-major, shape `[n, n]`; overwritten.
 * @returns whether the matrix is positive definite to working precision; the content is of no use where it is not.
 */
export function choleskyFactor(matrix: Float64Array, n: number): boolean {
  for (let i = 0; i < n; i++) {
    const original = matrix[i * n + i] as number;
    for (let j = 0; j <= i; j++) {
      let rest = matrix[i * n + j] as number;
      for (let k = 0; k < j; k++) rest -= (matrix[i * n + k] as number) * (matrix[j * n + k] as number);
      if (j < i) {
        matrix[i * n + j] = rest / (matrix[j * n + j] as number);
      } else {
        // what cancels to the last digits is noise, and its root would be taken for a direction
        if (!(rest > 1e-13 * original)) return false;
        matrix[i * n + i] = Math.sqrt(rest);
      }
    }
  }
  return true;
}

/** Solves C·x = b in place, C being the lower factor of {@link choleskyFactor}; b has shape `[n]`. */
export function solveLower(factor: Float64Array, b: Float64Array, n: number): void {
  for (let i = 0; i < n; i++) {
    let rest = b[i] as number;
    for (let k = 0; k < i; k++) rest -= (factor[i * n + k] as number) * (b[k] as number);
    b[i] = rest / (factor[i * n + i] as number);
  }
}

/** Solves Cᵀ·x = b in place, C being the lower factor of {@link choleskyFactor}; b has shape `[n]`. */
export function solveLowerTransposed(factor: Float64Array, b: Float64Array, n: number): void {
  for (let i = n - 1; i >= 0; i--) {
    let rest = b[i] as number;
    for (let k = i + 1; k < n; k++) rest -= (factor[k * n + i] as number) * (b[k] as number);
    b[i] = rest / (factor[i * n + i] as number);
  }
}
