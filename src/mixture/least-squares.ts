/** Eigenvalues below this share of the largest count as zero. */
const relativeRank = 1e-13;

/**
 * Decomposes a symmetric matrix by cyclic Jacobi rotations.
 *
 * @param matrix - row-major, shape `[n, n]`; overwritten, its diagonal ends as the eigenvalues.
 * @returns eigenvectors as columns, row-major, shape `[n, n]`.
 */
function jacobi(matrix: Float64Array, n: number): Float64Array {
  const vectors = new Float64Array(n * n);
  for (let i = 0; i < n; i++) vectors[i * n + i] = 1;
  const rotate = (array: Float64Array, a: number, b: number, cosine: number, sine: number): void => {
    const x = array[a] as number;
    const y = array[b] as number;
    array[a] = cosine * x - sine * y;
    array[b] = sine * x + cosine * y;
  };
  for (let sweep = 0; sweep < 60; sweep++) {
    let largest = 0;
    for (let p = 0; p < n; p++) {
      for (let q = p + 1; q < n; q++) {
        const off = matrix[p * n + q] as number;
        const scale = Math.sqrt(Math.abs((matrix[p * n + p] as number) * (matrix[q * n + q] as number)));
        if (Math.abs(off) <= 1e-17 * scale || off === 0) continue;
        largest = Math.max(largest, Math.abs(off) / (scale || Math.abs(off)));
        const theta = ((matrix[q * n + q] as number) - (matrix[p * n + p] as number)) / (2 * off);
        const t = (theta < 0 ? -1 : 1) / (Math.abs(theta) + Math.hypot(theta, 1));
        const cosine = 1 / Math.hypot(t, 1);
        const sine = t * cosine;
        for (let k = 0; k < n; k++) rotate(matrix, k * n + p, k * n + q, cosine, sine);
        for (let k = 0; k < n; k++) rotate(matrix, p * n + k, q * n + k, cosine, sine);
        for (let k = 0; k < n; k++) rotate(vectors, k * n + p, k * n + q, cosine, sine);
      }
    }
    if (largest < 1e-15) break;
  }
  return vectors;
}

/**
 * Solves G·X = R in the least-squares sense for a symmetric positive semi-definite G, as the normal equations
 * give it; of all solutions the one of least norm, so that fewer samples than inputs are no error.
 *
 * @param gram - G, row-major, shape `[n, n]`; overwritten.
 * @param right - R, row-major, shape `[n, columns]`.
 * @returns X, row-major, shape `[n, columns]`.
 */
export function solveNormalEquations(
  gram: Float64Array,
  right: Float64Array,
  n: number,
  columns: number,
): Float64Array {
  const vectors = jacobi(gram, n);
  let largest = 0;
  for (let i = 0; i < n; i++) largest = Math.max(largest, gram[i * n + i] as number);
  const solution = new Float64Array(n * columns);
  for (let i = 0; i < n; i++) {
    const value = gram[i * n + i] as number;
    if (!(value > relativeRank * largest)) continue;
    for (let c = 0; c < columns; c++) {
      let projected = 0;
      for (let k = 0; k < n; k++) {
        projected += (vectors[k * n + i] as number) * (right[k * columns + c] as number);
      }
      for (let k = 0; k < n; k++) {
        const at = k * columns + c;
        solution[at] = (solution[at] as number) + ((vectors[k * n + i] as number) * projected) / value;
      }
    }
  }
  return solution;
}

/** The normal equations of an affine least-squares problem, gathered sample by sample. */
export class NormalEquations {
  readonly #inputs: number;
  readonly #outputs: number;
  readonly #gram: Float64Array;
  readonly #right: Float64Array;

  /** @param inputs - numbers of a row, the constant 1 at its end among them. @param outputs - numbers of its targets. */
  constructor(inputs: number, outputs: number) {
    this.#inputs = inputs;
    this.#outputs = outputs;
    this.#gram = new Float64Array(inputs * inputs);
    this.#right = new Float64Array(inputs * outputs);
  }

  /**
   * Adds a sample.
   *
   * @param row - shape `[inputs]`. @param targets - those of the sample begin at `at`.
   */
  add(row: Float64Array, targets: Float32Array | Float64Array, at: number, weight = 1): void {
    const [gram, right, n, outputs] = [this.#gram, this.#right, this.#inputs, this.#outputs];
    for (let i = 0; i < n; i++) {
      const scaled = weight * (row[i] as number);
      for (let j = 0; j < n; j++) gram[i * n + j] = (gram[i * n + j] as number) + scaled * (row[j] as number);
      for (let d = 0; d < outputs; d++) {
        right[i * outputs + d] = (right[i * outputs + d] as number) + scaled * (targets[at + d] as number);
      }
    }
  }

  /**
   * Finds the coefficients; nothing can be added afterwards.
   *
   * @param ridge - holds all coefficients but the constant's back.
   * @returns row-major, shape `[inputs, outputs]`.
   */
  solve(ridge = 0): Float64Array {
    const [gram, n] = [this.#gram, this.#inputs];
    for (let i = 0; i < n - 1; i++) gram[i * n + i] = (gram[i * n + i] as number) + ridge;
    return solveNormalEquations(gram, this.#right, n, this.#outputs);
  }
}
