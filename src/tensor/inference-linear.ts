import { type InferenceMemory, inferenceMemory } from './inference-memory.ts';

/** Numbers of a row of outputs that are computed side by side. */
const LANES = 8;
/** Numbers that go into the kernel, or come out of it, at once: few enough for the fastest cache. */
const BLOCK = 4096;

/**
 * One dense layer in plain arithmetic, for many rows: out = in·W + b; or E such layers of one size, which may share
 * their weights, or both weights and biases.
 *
 * Each output adds its products in the order of the inputs, in double precision, and is rounded once, so a row's
 * numbers do not depend on the rows beside it, nor on the engine.
 */
export class InferenceLinear {
  readonly inputSize: number;
  readonly outputSize: number;
  readonly #memory: InferenceMemory;
  /** Pointers to `[E or 1, N/8, K, 8]` and `[E or 1, N/8, 8]`, N filled up with zeros to whole groups. */
  readonly #weights: number;
  readonly #bias: number;
  /** Bytes from one layer's weights, or biases, to the next one's; 0 where they share them. */
  readonly #weightStride: number;
  readonly #biasStride: number;
  /** N/8. */
  readonly #groups: number;
  /** Rows that the kernel is given at once. */
  readonly #block: number;

  /**
   * Copies the weights, which are freed some time after the layer is.
   *
   * @param weights - shape `[E or 1, K, N]`.
   * @param bias - shape `[E or 1, N]`.
   * @throws BackendError when the memory of acting networks, 4 GiB, is exhausted.
   */
  constructor(
    weights: Float32Array,
    bias: Float32Array,
    inputSize: number,
    outputSize = bias.length,
    memory = inferenceMemory(),
  ) {
    this.inputSize = inputSize;
    this.outputSize = outputSize;
    this.#memory = memory;
    const groups = Math.ceil(outputSize / LANES);
    const padded = groups * LANES;
    this.#groups = groups;
    const weightSets = weights.length / (inputSize * outputSize);
    const biasSets = bias.length / outputSize;
    this.#weightStride = weightSets === 1 ? 0 : 8 * padded * inputSize;
    this.#biasStride = biasSets === 1 ? 0 : 8 * padded;
    const placed = new Float64Array(weightSets * padded * inputSize);
    for (let i = 0; i < weights.length; i++) {
      const n = i % outputSize;
      const row = (i - n) / outputSize;
      const k = row % inputSize;
      const group = ((row - k) / inputSize) * groups + Math.floor(n / LANES);
      placed[(group * inputSize + k) * LANES + (n % LANES)] = weights[i] as number;
    }
    const offsets = new Float64Array(biasSets * padded);
    for (let i = 0; i < bias.length; i++) {
      const n = i % outputSize;
      offsets[((i - n) / outputSize) * padded + n] = bias[i] as number;
    }
    this.#weights = memory.keep(this, placed);
    this.#bias = memory.keep(this, offsets);
    this.#block = Math.max(2, Math.floor(BLOCK / Math.max(inputSize, padded)));
  }

  /**
   * Evaluates rows.
   *
   * @param input - shape `[rows, K]`, from its element `inputStart` on.
   * @param output - shape `[rows, N]`, from its element `outputStart` on, overwritten.
   * @param layer - e in 0 .. E-1.
   */
  forward(
    input: Float32Array,
    output: Float32Array,
    rows: number,
    layer = 0,
    inputStart = 0,
    outputStart = 0,
  ): void {
    const { inputSize, outputSize } = this;
    const memory = this.#memory;
    const groups = this.#groups;
    const padded = groups * LANES;
    const most = Math.min(this.#block, rows);
    const room = memory.room(4 * most * inputSize, 4 * most * padded);
    const { f32 } = memory;
    const [into, outOf] = [room.input / 4, room.output / 4];
    const weights = this.#weights + layer * this.#weightStride;
    const bias = this.#bias + layer * this.#biasStride;
    for (let first = 0; first < rows; first += most) {
      const count = Math.min(most, rows - first);
      const from = inputStart + first * inputSize;
      for (let i = 0; i < count * inputSize; i++) f32[into + i] = input[from + i] as number;
      memory.linear(room.input, weights, bias, room.output, count, inputSize, groups);
      for (let row = 0; row < count; row++) {
        const to = outputStart + (first + row) * outputSize;
        const at = outOf + row * padded;
        for (let n = 0; n < outputSize; n++) output[to + n] = f32[at + n] as number;
      }
    }
  }
}
