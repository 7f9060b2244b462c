import { activateInPlace } from './inference-activation.ts';
import { InferenceLinear } from './inference-linear.ts';
import { layerArray, layerShapes, type MlpShape } from './mlp-shape.ts';
import type { NamedArrays } from './named-arrays.ts';

/** Rows that go through all layers together: few enough for their activations to stay in the fastest cache. */
const blockRows = 8;

/**
 * E multilayer perceptrons of one shape in plain arithmetic: the forward pass of a trained {@link MlpShape} without
 * tensors, so that workers and pages act without loading TensorFlow.js.
 *
 * The numbers of a row depend on nothing but its inputs and the weights: not on the batch around it, the engine
 * or the machine. They agree with `BatchedMlp` to about single precision. No call allocates; one instance
 * must not be used by two callers at once, since it keeps its scratch space.
 *
 * @example
 * const gate = new InferenceMlp(shape, arrays);
 * const logits = new Float32Array(rows * shape.outputSize);
 * gate.forward(0, observations, logits, rows);
 */
export class InferenceMlp {
  readonly shape: MlpShape;
  readonly #layers: readonly InferenceLinear[];
  readonly #scratch: readonly [Float32Array, Float32Array, Float32Array];

  /**
   * Copies the weights.
   *
   * @param arrays - what `BatchedMlp.toArrays` gives: weights [E or 1, K, N], biases [E or 1, 1, N].
   * @throws ConfigError when the shape contradicts itself.
   * @throws CheckpointError when an array is missing or does not fit the shape.
   */
  constructor(shape: MlpShape, arrays: NamedArrays) {
    this.shape = shape;
    this.#layers = layerShapes(shape).map((layer, index) => {
      const [, inputSize, outputSize] = layer.weights;
      const weights = layerArray(arrays, index, 'weights', layer);
      return new InferenceLinear(weights, layerArray(arrays, index, 'bias', layer), inputSize, outputSize);
    });
    const size = blockRows * Math.max(...this.#layers.map((layer) => layer.outputSize));
    this.#scratch = [new Float32Array(size), new Float32Array(size), new Float32Array(size)];
  }

  /**
   * Evaluates one network on rows.
   *
   * @param network - e in 0 .. E-1.
   * @param inputs - [rows, K].
   * @param outputs - [rows, N], overwritten.
   * @throws RangeError when the network does not exist or an array is too short.
   */
  forward(network: number, inputs: Float32Array, outputs: Float32Array, rows = 1): void {
    this.#checkNetwork(network);
    this.#checkLengths(inputs, outputs, rows);
    for (let row = 0; row < rows; row += blockRows) {
      this.#forwardBlock(network, inputs, outputs, row, Math.min(blockRows, rows - row));
    }
  }

  /**
   * Evaluates rows, each by a network of its own.
   *
   * @param networks - [rows], indices in 0 .. E-1.
   * @param inputs - [rows, K].
   * @param outputs - [rows, N], overwritten.
   * @throws RangeError when a network does not exist or an array is too short.
   */
  forwardEach(networks: Int32Array, inputs: Float32Array, outputs: Float32Array): void {
    this.#checkLengths(inputs, outputs, networks.length);
    for (let row = 0; row < networks.length; row++) {
      const network = networks[row] as number;
      this.#checkNetwork(network);
      this.#forwardBlock(network, inputs, outputs, row, 1);
    }
  }

  #checkNetwork(network: number): void {
    if (Number.isInteger(network) && network >= 0 && network < this.shape.networks) return;
    throw new RangeError(`network ${network} is not in 0 .. ${this.shape.networks - 1}`);
  }

  #checkLengths(inputs: Float32Array, outputs: Float32Array, rows: number): void {
    const { inputSize, outputSize } = this.shape;
    if (inputs.length >= rows * inputSize && outputs.length >= rows * outputSize) return;
    throw new RangeError(
      `${rows} rows need ${rows * inputSize} inputs and ${rows * outputSize} outputs, ` +
        `found ${inputs.length} and ${outputs.length}`,
    );
  }

  /** Evaluates rows `row` to `row + rows - 1`, at most {@link blockRows}. */
  #forwardBlock(
    network: number,
    inputs: Float32Array,
    outputs: Float32Array,
    row: number,
    rows: number,
  ): void {
    const layers = this.#layers;
    const { activation, inputSize, outputSize, residual } = this.shape;
    const last = layers.length - 1;
    const final = layers[last] as InferenceLinear;
    const inputStart = row * inputSize;
    const outputStart = row * outputSize;
    if (last === 0) {
      final.forward(inputs, outputs, rows, network, inputStart, outputStart);
      return;
    }
    let [state, next, inner] = this.#scratch;
    const first = layers[0] as InferenceLinear;
    first.forward(inputs, state, rows, network, inputStart);
    if (residual !== true) activateInPlace(state, rows * first.outputSize, activation);
    for (let index = 1; index < last; index++) {
      const layer = layers[index] as InferenceLinear;
      const count = rows * layer.outputSize;
      if (residual === true) {
        for (let i = 0; i < count; i++) next[i] = state[i] as number;
        activateInPlace(next, count, activation);
        layer.forward(next, inner, rows, network);
        activateInPlace(inner, count, activation);
        index++;
        (layers[index] as InferenceLinear).forward(inner, next, rows, network);
        for (let i = 0; i < count; i++) state[i] = (state[i] as number) + (next[i] as number);
      } else {
        layer.forward(state, next, rows, network);
        activateInPlace(next, count, activation);
        [state, next] = [next, state];
      }
    }
    final.forward(state, outputs, rows, network, 0, outputStart);
  }
}
