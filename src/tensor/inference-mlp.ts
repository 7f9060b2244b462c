import { activateInPlace } from './inference-activation.ts';
import { layerArray, layerShapes, type MlpShape } from './mlp-shape.ts';
import type { NamedArrays } from './named-arrays.ts';

interface Layer {
  /** Weights [E or 1, N, K]: transposed, so that one output reads its weights in a row. */
  readonly weights: Float32Array;
  readonly bias: Float32Array;
  readonly inputSize: number;
  readonly outputSize: number;
  /** Elements from one network's weights to the next one's; 0 where shared. */
  readonly weightStride: number;
  readonly biasStride: number;
}

/**
 * Computes out = W·in + b for one row. Each output adds its products in the order of the inputs, in double precision,
 * and is rounded once; four outputs run side by side, because one sum alone waits for its own additions.
 */
function multiply(
  layer: Layer,
  network: number,
  input: Float32Array,
  inputStart: number,
  output: Float32Array,
  outputStart: number,
): void {
  const { weights, bias, inputSize, outputSize } = layer;
  const biasStart = network * layer.biasStride;
  let row = network * layer.weightStride;
  let n = 0;
  for (; n + 4 <= outputSize; n += 4) {
    const row1 = row + inputSize;
    const row2 = row1 + inputSize;
    const row3 = row2 + inputSize;
    let sum0 = 0;
    let sum1 = 0;
    let sum2 = 0;
    let sum3 = 0;
    for (let k = 0; k < inputSize; k++) {
      const x = input[inputStart + k] as number;
      sum0 += x * (weights[row + k] as number);
      sum1 += x * (weights[row1 + k] as number);
      sum2 += x * (weights[row2 + k] as number);
      sum3 += x * (weights[row3 + k] as number);
    }
    output[outputStart + n] = sum0 + (bias[biasStart + n] as number);
    output[outputStart + n + 1] = sum1 + (bias[biasStart + n + 1] as number);
    output[outputStart + n + 2] = sum2 + (bias[biasStart + n + 2] as number);
    output[outputStart + n + 3] = sum3 + (bias[biasStart + n + 3] as number);
    row = row3 + inputSize;
  }
  for (; n < outputSize; n++) {
    let sum = 0;
    for (let k = 0; k < inputSize; k++)
      sum += (input[inputStart + k] as number) * (weights[row + k] as number);
    output[outputStart + n] = sum + (bias[biasStart + n] as number);
    row += inputSize;
  }
}

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
  readonly #layers: readonly Layer[];
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
      const [weightSets, inputSize, outputSize] = layer.weights;
      const source = layerArray(arrays, index, 'weights', layer);
      const weights = new Float32Array(source.length);
      for (let set = 0; set < weightSets; set++) {
        const start = set * inputSize * outputSize;
        for (let k = 0; k < inputSize; k++) {
          for (let n = 0; n < outputSize; n++) {
            weights[start + n * inputSize + k] = source[start + k * outputSize + n] as number;
          }
        }
      }
      return {
        weights,
        bias: layerArray(arrays, index, 'bias', layer).slice(),
        inputSize,
        outputSize,
        weightStride: weightSets === 1 ? 0 : inputSize * outputSize,
        biasStride: layer.bias[0] === 1 ? 0 : outputSize,
      };
    });
    const width = Math.max(...this.#layers.map((layer) => layer.outputSize));
    this.#scratch = [new Float32Array(width), new Float32Array(width), new Float32Array(width)];
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
    const { inputSize, outputSize } = this.shape;
    for (let row = 0; row < rows; row++) {
      this.#forwardRow(network, inputs, row * inputSize, outputs, row * outputSize);
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
    const { inputSize, outputSize } = this.shape;
    for (let row = 0; row < networks.length; row++) {
      const network = networks[row] as number;
      this.#checkNetwork(network);
      this.#forwardRow(network, inputs, row * inputSize, outputs, row * outputSize);
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

  #forwardRow(
    network: number,
    inputs: Float32Array,
    inputStart: number,
    outputs: Float32Array,
    start: number,
  ): void {
    const layers = this.#layers;
    const { activation, residual } = this.shape;
    const last = layers.length - 1;
    let [state, next, inner] = this.#scratch;
    let source = inputs;
    let sourceStart = inputStart;
    if (last > 0) {
      const first = layers[0] as Layer;
      multiply(first, network, inputs, inputStart, state, 0);
      if (residual !== true) activateInPlace(state, first.outputSize, activation);
      for (let index = 1; index < last; index++) {
        const layer = layers[index] as Layer;
        if (residual === true) {
          const width = layer.outputSize;
          for (let i = 0; i < width; i++) next[i] = state[i] as number;
          activateInPlace(next, width, activation);
          multiply(layer, network, next, 0, inner, 0);
          activateInPlace(inner, width, activation);
          index++;
          multiply(layers[index] as Layer, network, inner, 0, next, 0);
          for (let i = 0; i < width; i++) state[i] = (state[i] as number) + (next[i] as number);
        } else {
          multiply(layer, network, state, 0, next, 0);
          activateInPlace(next, layer.outputSize, activation);
          [state, next] = [next, state];
        }
      }
      source = state;
      sourceStart = 0;
    }
    multiply(layers[last] as Layer, network, source, sourceStart, outputs, start);
  }
}
