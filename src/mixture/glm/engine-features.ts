import { tf } from '../../tensor/tf.ts';
import type { Features, MatrixProducts } from './features.ts';

/** Rows whose products the engine sums in single precision; the sums of such blocks are added in double. */
const BLOCK_ROWS = 2048;

/**
 * A matrix of inputs whose large products run on the active backend of the compute engine, in single precision: for
 * data whose products take most of a fit's time, and whose values have few digits anyway.
 *
 * It holds one tensor until {@link EngineFeatures.dispose}. The backend must be one that can be read at once (`simd`,
 * `js`, `native`, `cuda`).
 */
export class EngineFeatures implements Features, MatrixProducts {
  readonly values: Float32Array;
  readonly rows: number;
  readonly columns: number;
  readonly #blocks: number;
  readonly #blockRows: number;
  /** X, padded with rows of zeros, shape `[blocks, rows of a block, K]`. */
  readonly #matrix: tf.Tensor3D;

  /** @param values - row-major, shape `[N, K]`. */
  constructor(values: Float32Array, rows: number, columns: number) {
    this.values = values;
    this.rows = rows;
    this.columns = columns;
    this.#blocks = Math.ceil(rows / BLOCK_ROWS);
    this.#blockRows = Math.ceil(rows / this.#blocks);
    this.#matrix = tf.tensor3d(this.#padded(values, columns), [this.#blocks, this.#blockRows, columns]);
  }

  /** Both products, as {@link Features} offers them. */
  get products(): MatrixProducts {
    return this;
  }

  /** Lays rows out in blocks of single precision. */
  #padded(values: Float32Array | Float64Array, width: number): Float32Array {
    const padded = this.#blocks * this.#blockRows * width;
    if (values instanceof Float32Array && values.length === padded) return values;
    const copy = new Float32Array(padded);
    copy.set(values);
    return copy;
  }

  project(weights: Float64Array, outputs: number, target: Float64Array): void {
    if (outputs === 0) return;
    // the scope must return nothing: tidy would search an array that it returns for tensors
    tf.tidy(() => {
      const right = tf.tensor3d(new Float32Array(weights), [1, outputs, this.columns]);
      const result = tf.matMul(this.#matrix, right, false, true).dataSync();
      target.set(result.subarray(0, this.rows * outputs));
    });
  }

  accumulate(residuals: Float64Array, outputs: number, target: Float64Array): void {
    if (outputs === 0) return;
    const size = outputs * this.columns;
    tf.tidy(() => {
      const left = tf.tensor3d(this.#padded(residuals, outputs), [this.#blocks, this.#blockRows, outputs]);
      const sums = tf.matMul(left, this.#matrix, true, false).dataSync();
      for (let at = 0; at < sums.length; at += size) {
        for (let d = 0; d < size; d++) target[d] = (target[d] as number) + (sums[at + d] as number);
      }
    });
  }

  /** Frees the tensor. */
  dispose(): void {
    this.#matrix.dispose();
  }
}
