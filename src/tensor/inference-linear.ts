/**
 * One dense layer in plain arithmetic, for many rows: out = in·W + b.
 *
 * Each output adds its products in the order of the inputs, in double precision, and is rounded once, so a row's
 * numbers do not depend on the rows beside it. Two rows and four outputs run side by side: eight sums that need not
 * wait for one another, and every weight loaded serves two rows.
 */
export class InferenceLinear {
  readonly inputSize: number;
  readonly outputSize: number;
  /** Four outputs at a time, `[N/4, K, 4]`, filled up with zeros; in double precision, which saves a conversion. */
  readonly #weights: Float64Array;
  /** Filled up with zeros to whole groups of four. */
  readonly #bias: Float64Array;

  /**
   * Copies the weights.
   *
   * @param weights - shape `[K, N]`.
   * @param bias - shape `[N]`.
   */
  constructor(weights: Float32Array, bias: Float32Array, inputSize: number) {
    this.inputSize = inputSize;
    this.outputSize = bias.length;
    const groups = Math.ceil(bias.length / 4);
    this.#weights = new Float64Array(groups * inputSize * 4);
    this.#bias = new Float64Array(groups * 4);
    this.#bias.set(bias);
    for (let k = 0; k < inputSize; k++) {
      for (let n = 0; n < bias.length; n++) {
        const group = n >> 2;
        this.#weights[(group * inputSize + k) * 4 + (n & 3)] = weights[k * bias.length + n] as number;
      }
    }
  }

  /**
   * Evaluates rows.
   *
   * @param input - shape `[rows, K]`.
   * @param output - shape `[rows, N]`, overwritten; another array than the input.
   */
  forward(input: Float32Array, output: Float32Array, rows: number): void {
    let row = 0;
    for (; row + 2 <= rows; row += 2) this.#twoRows(input, output, row);
    if (row < rows) this.#oneRow(input, output, row);
  }

  #twoRows(input: Float32Array, output: Float32Array, row: number): void {
    const { inputSize, outputSize } = this;
    const weights = this.#weights;
    const bias = this.#bias;
    const x = row * inputSize;
    const y = x + inputSize;
    let w = 0;
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
      const out = row * outputSize + n;
      store(output, out, outputSize - n, a0, a1, a2, a3, bias, n);
      store(output, out + outputSize, outputSize - n, b0, b1, b2, b3, bias, n);
    }
  }

  #oneRow(input: Float32Array, output: Float32Array, row: number): void {
    const { inputSize, outputSize } = this;
    const weights = this.#weights;
    const x = row * inputSize;
    let w = 0;
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
      store(output, row * outputSize + n, outputSize - n, a0, a1, a2, a3, this.#bias, n);
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
