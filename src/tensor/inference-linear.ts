/**
 * One dense layer in plain arithmetic, for many rows: out = in·W + b; or E such layers of one size, which may share
 * their weights, or both weights and biases.
 *
 * Each output adds its products in the order of the inputs, in double precision, and is rounded once, so a row's
 * numbers do not depend on the rows beside it. Two rows and four outputs run side by side: eight sums that need not
 * wait for one another, and every weight loaded serves two rows.
 */
export class InferenceLinear {
  readonly inputSize: number;
  readonly outputSize: number;
  /** Four outputs at a time, `[E or 1, N/4, K, 4]`, filled up with zeros; in double precision, which saves a conversion. */
  readonly #weights: Float64Array;
  /** `[E or 1, N]`, each row filled up with zeros to whole groups of four. */
  readonly #bias: Float64Array;
  /** Elements from one layer's weights, or biases, to the next one's; 0 where they share them. */
  readonly #weightStride: number;
  readonly #biasStride: number;

  /**
   * Copies the weights.
   *
   * @param weights - shape `[E or 1, K, N]`.
   * @param bias - shape `[E or 1, N]`.
   */
  constructor(weights: Float32Array, bias: Float32Array, inputSize: number, outputSize = bias.length) {
    this.inputSize = inputSize;
    this.outputSize = outputSize;
    const groups = Math.ceil(outputSize / 4);
    const weightSets = weights.length / (inputSize * outputSize);
    const biasSets = bias.length / outputSize;
    this.#weights = new Float64Array(weightSets * groups * inputSize * 4);
    this.#bias = new Float64Array(biasSets * groups * 4);
    this.#weightStride = weightSets === 1 ? 0 : groups * inputSize * 4;
    this.#biasStride = biasSets === 1 ? 0 : groups * 4;
    for (let i = 0; i < weights.length; i++) {
      const n = i % outputSize;
      const row = (i - n) / outputSize;
      const k = row % inputSize;
      const group = ((row - k) / inputSize) * groups + (n >> 2);
      this.#weights[(group * inputSize + k) * 4 + (n & 3)] = weights[i] as number;
    }
    for (let i = 0; i < bias.length; i++) {
      const n = i % outputSize;
      this.#bias[((i - n) / outputSize) * groups * 4 + n] = bias[i] as number;
    }
  }

  /**
   * Evaluates rows.
   *
   * @param input - shape `[rows, K]`, from its element `inputStart` on.
   * @param output - shape `[rows, N]`, from its element `outputStart` on, overwritten; another array than the input.
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
    const weights = layer * this.#weightStride;
    const bias = layer * this.#biasStride;
    let row = 0;
    for (; row + 2 <= rows; row += 2) {
      const x = inputStart + row * inputSize;
      this.#twoRows(input, x, output, outputStart + row * outputSize, weights, bias);
    }
    if (row < rows) {
      const x = inputStart + row * inputSize;
      this.#oneRow(input, x, output, outputStart + row * outputSize, weights, bias);
    }
  }

  #twoRows(
    input: Float32Array,
    x: number,
    output: Float32Array,
    out: number,
    weightStart: number,
    biasStart: number,
  ): void {
    const { inputSize, outputSize } = this;
    const weights = this.#weights;
    const bias = this.#bias;
    const y = x + inputSize;
    let w = weightStart;
    for (let n = 0; n < outputSize; n += 4) {
      let a0 = 0;
      let a1 = 0;
      let a2 = 0;
      let a3 = 0;
      let b0 = 0;
      let b1 = 0;
      let b2 = 0;
      let b3 = 0;
      for (let k = 0; k < inputSize; k++) {
        const a = input[x + k] as number;
        const b = input[y + k] as number;
        const w0 = weights[w] as number;
        const w1 = weights[w + 1] as number;
        const w2 = weights[w + 2] as number;
        const w3 = weights[w + 3] as number;
        w += 4;
        a0 += a * w0;
        a1 += a * w1;
        a2 += a * w2;
        a3 += a * w3;
        b0 += b * w0;
        b1 += b * w1;
        b2 += b * w2;
        b3 += b * w3;
      }
      const left = outputSize - n;
      store(output, out + n, left, a0, a1, a2, a3, bias, biasStart + n);
      store(output, out + outputSize + n, left, b0, b1, b2, b3, bias, biasStart + n);
    }
  }

  #oneRow(
    input: Float32Array,
    x: number,
    output: Float32Array,
    out: number,
    weightStart: number,
    biasStart: number,
  ): void {
    const { inputSize, outputSize } = this;
    const weights = this.#weights;
    let w = weightStart;
    for (let n = 0; n < outputSize; n += 4) {
      let a0 = 0;
      let a1 = 0;
      let a2 = 0;
      let a3 = 0;
      for (let k = 0; k < inputSize; k++) {
        const a = input[x + k] as number;
        a0 += a * (weights[w] as number);
        a1 += a * (weights[w + 1] as number);
        a2 += a * (weights[w + 2] as number);
        a3 += a * (weights[w + 3] as number);
        w += 4;
      }
      store(output, out + n, outputSize - n, a0, a1, a2, a3, this.#bias, biasStart + n);
    }
  }
}

/** Adds the bias to four sums and stores as many as are outputs. */
function store(
  output: Float32Array,
  at: number,
  left: number,
  s0: number,
  s1: number,
  s2: number,
  s3: number,
  bias: Float64Array,
  n: number,
): void {
  output[at] = s0 + (bias[n] as number);
  if (left > 1) output[at + 1] = s1 + (bias[n + 1] as number);
  if (left > 2) output[at + 2] = s2 + (bias[n + 2] as number);
  if (left > 3) output[at + 3] = s3 + (bias[n + 3] as number);
}
