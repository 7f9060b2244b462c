import { activateInPlace, activationSlope } from './inference-activation.ts';
import { InferenceLinear } from './inference-linear.ts';
import { layerArray, layerShapes, type MlpShape } from './mlp-shape.ts';
import type { NamedArrays } from './named-arrays.ts';

interface Layer {
  readonly forward: InferenceLinear;
  /** By the transposed weights, without a bias. */
  readonly backward: InferenceLinear;
  /** Whether the activation is applied to what goes in. */
  readonly activated: boolean;
  /** Whether the layer closes a residual block, to which what went into the layer before is added. */
  readonly closes: boolean;
}

/**
 * The gradient of one multilayer perceptron of one output with respect to its input, in plain arithmetic: forward, then
 * backward through the layers. The numbers of a row depend on nothing but its inputs and the weights.
 */
export class InferenceGradient {
  readonly shape: MlpShape;
  readonly #layers: readonly Layer[];

  /**
   * Copies the weights.
   *
   * @param shape - one network of one output.
   * @param arrays - what `BatchedMlp.toArrays` gives.
   * @throws ConfigError when the shape contradicts itself.
   * @throws CheckpointError when an array is missing or does not fit the shape.
   * @throws RangeError when there are several networks or outputs.
   */
  constructor(shape: MlpShape, arrays: NamedArrays) {
    if (shape.networks !== 1 || shape.outputSize !== 1) {
      throw new RangeError(`${shape.networks} networks of ${shape.outputSize} outputs are not one of one`);
    }
    this.shape = shape;
    const residual = shape.residual === true;
    const layers = layerShapes(shape);
    this.#layers = layers.map((layer, index) => {
      const [, inputSize, outputSize] = layer.weights;
      const weights = layerArray(arrays, index, 'weights', layer);
      const transposed = Float32Array.from(weights, (_, i) => {
        return weights[(i % inputSize) * outputSize + Math.floor(i / inputSize)] as number;
      });
      const inner = index < layers.length - 1;
      return {
        forward: new InferenceLinear(weights, layerArray(arrays, index, 'bias', layer), inputSize),
        backward: new InferenceLinear(transposed, new Float32Array(inputSize), outputSize),
        // the last layer of a residual network reads the sum of its blocks as it is
        activated: index > 0 && (inner || !residual),
        closes: residual && inner && index > 0 && index % 2 === 0,
      };
    });
  }

  /**
   * Evaluates the gradient of the output on rows.
   *
   * @param inputs - shape `[rows, K]`. Borrowed.
   * @param gradients - shape `[rows, K]`, overwritten.
   */
  gradient(inputs: Float32Array, gradients: Float32Array, rows: number): void {
    const entering = this.#enter(inputs, rows);
    let slope: Float32Array = new Float32Array(rows).fill(1);
    /** What flows past the two layers of a block. */
    let past: Float32Array | undefined;
    for (let index = this.#layers.length - 1; index >= 0; index--) {
      const { activated, backward, closes } = this.#layers[index] as Layer;
      if (closes) past = slope;
      const next = index === 0 ? gradients : new Float32Array(rows * backward.outputSize);
      backward.forward(slope, next, rows);
      if (activated) {
        const state = entering[index] as Float32Array;
        for (let i = 0; i < next.length; i++) {
          next[i] = (next[i] as number) * activationSlope(state[i] as number, this.shape.activation);
        }
      }
      if (past !== undefined && !closes) {
        for (let i = 0; i < next.length; i++) next[i] = (next[i] as number) + (past[i] as number);
        past = undefined;
      }
      slope = next;
    }
  }

  /** Goes forward; gives what enters each layer, before the activation. */
  #enter(inputs: Float32Array, rows: number): readonly Float32Array[] {
    const entering = [inputs];
    for (const [index, { activated, closes, forward }] of this.#layers.slice(0, -1).entries()) {
      const state = entering[index] as Float32Array;
      const input = activated ? state.slice() : state;
      if (activated) activateInPlace(input, input.length, this.shape.activation);
      const next = new Float32Array(rows * forward.outputSize);
      forward.forward(input, next, rows);
      if (closes) {
        const before = entering[index - 1] as Float32Array;
        for (let i = 0; i < next.length; i++) next[i] = (next[i] as number) + (before[i] as number);
      }
      entering.push(next);
    }
    return entering;
  }
}
