import { tf } from '../tensor/tf.ts';

/**
 * Rows of data from which minibatches are taken, kept where that is cheapest: as a tensor on the device, gathered
 * there, or as a plain array, gathered here. Both give the same numbers.
 */
export class Rows {
  readonly width: number;
  readonly count: number;
  readonly #values: Float32Array;
  readonly #onDevice: tf.Tensor2D | undefined;

  /** @param values - row-major, shape `[count, width]`; borrowed. */
  constructor(values: Float32Array, width: number, onDevice: boolean) {
    this.width = width;
    this.count = values.length / width;
    this.#values = values;
    // a backend may keep the array it is given
    this.#onDevice = onDevice ? tf.tensor2d(values.slice(), [this.count, width]) : undefined;
  }

  /** Takes rows by their indices, shape `[n, width]`; the caller disposes of them. */
  gather(indices: Int32Array): tf.Tensor2D {
    const data = this.#onDevice;
    if (data !== undefined) return tf.tidy(() => tf.gather(data, tf.tensor1d(indices.slice(), 'int32')));
    const { width } = this;
    const values = this.#values;
    const gathered = new Float32Array(indices.length * width);
    for (let i = 0; i < indices.length; i++) {
      const from = (indices[i] as number) * width;
      for (let d = 0; d < width; d++) gathered[i * width + d] = values[from + d] as number;
    }
    return tf.tensor2d(gathered, [indices.length, width]);
  }

  /** Takes consecutive rows, shape `[count, width]`; the caller disposes of them. */
  slice(first: number, count: number): tf.Tensor2D {
    if (this.#onDevice !== undefined) return tf.slice(this.#onDevice, [first, 0], [count, this.width]);
    return tf.tensor2d(this.#values.slice(first * this.width, (first + count) * this.width), [
      count,
      this.width,
    ]);
  }

  /** Frees what lies on the device. */
  dispose(): void {
    this.#onDevice?.dispose();
  }
}
