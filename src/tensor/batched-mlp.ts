import type { Rng } from '../random.ts';
import { drawMlp } from './mlp-init.ts';
import { layerArray, layerArrayName, layerShapes, type MlpShape } from './mlp-shape.ts';
import type { NamedArrays, StoredArray } from './named-arrays.ts';
import { activate } from './ops/activation.ts';
import { dense } from './ops/dense.ts';
import { tf } from './tf.ts';

interface Layer {
  readonly weights: tf.Variable<tf.Rank.R3>;
  readonly bias: tf.Variable<tf.Rank.R3>;
}

/**
 * E multilayer perceptrons of one shape, trained as one batched product on the active tensor backend.
 *
 * Owns its variables until {@link BatchedMlp.dispose}.
 *
 * @example
 * const shape = { networks: 24, inputSize: 4, hidden: [64, 64], outputSize: 2, activation: 'silu' };
 * const mlp = BatchedMlp.draw(shape, Rng.fromSeed(0).fork('experts'));
 * const actions = mlp.forward(observations); // [24, B, 2]
 */
export class BatchedMlp {
  readonly shape: MlpShape;
  readonly #layers: readonly Layer[];

  /**
   * Starts from given weights, which are copied.
   *
   * @throws ConfigError when the shape contradicts itself.
   * @throws CheckpointError when an array is missing or does not fit the shape.
   */
  constructor(shape: MlpShape, initial: NamedArrays) {
    this.shape = shape;
    this.#layers = layerShapes(shape).map((layer, index) => {
      // a backend may keep the array it is given, so each variable gets one of its own
      const weights = layerArray(initial, index, 'weights', layer).slice();
      const bias = layerArray(initial, index, 'bias', layer).slice();
      return tf.tidy(() => ({
        weights: tf.variable(tf.tensor3d(weights, [...layer.weights])),
        bias: tf.variable(tf.tensor3d(bias, [...layer.bias])),
      }));
    });
  }

  /**
   * Starts from weights drawn as by {@link drawMlp}: the same numbers whatever the backend.
   *
   * @throws ConfigError when the shape contradicts itself.
   */
  static draw(shape: MlpShape, rng: Rng): BatchedMlp {
    return new BatchedMlp(shape, drawMlp(shape, rng));
  }

  /** The trainable variables, per layer its weights [E or 1, K, N], then its bias [E or 1, 1, N]. */
  get variables(): readonly tf.Variable[] {
    return this.#layers.flatMap((layer) => [layer.weights, layer.bias]);
  }

  /**
   * Evaluates all networks; differentiable in the input and the variables.
   *
   * @param input - [E, B, K], or one input for all networks, [1, B, K] or [B, K]. Borrowed.
   * @returns outputs [E, B, N]; the caller disposes of them.
   */
  forward(input: tf.Tensor3D | tf.Tensor2D): tf.Tensor3D {
    const { activation, residual } = this.shape;
    return tf.tidy(() => {
      const batched = input.rank === 2 ? tf.expandDims<tf.Tensor3D>(input, 0) : (input as tf.Tensor3D);
      const last = this.#layers.length - 1;
      let state = this.#apply(0, batched, residual === true || last === 0 ? 'linear' : activation);
      if (residual === true) {
        for (let layer = 1; layer < last; layer += 2) {
          const inner = this.#apply(layer, activate(state, activation), activation);
          state = tf.add(state, this.#apply(layer + 1, inner, 'linear'));
        }
      } else {
        for (let layer = 1; layer < last; layer++) state = this.#apply(layer, state, activation);
      }
      return last === 0 ? state : this.#apply(last, state, 'linear');
    });
  }

  /** Applies one layer to [H, B, K], H being E or, while all networks agree, 1; returns [E or 1, B, N]. */
  #apply(index: number, input: tf.Tensor3D, activation: MlpShape['activation']): tf.Tensor3D {
    const { weights, bias } = this.#layers[index] as Layer;
    const [sets, batch, width] = input.shape;
    if (bias.shape[0] > 1 || sets === 1) return dense(input, weights, bias, activation);
    // a layer that all networks share sees their inputs as one batch
    const rows = tf.reshape<tf.Rank.R3>(input, [1, sets * batch, width]);
    return tf.reshape(dense(rows, weights, bias, activation), [sets, batch, weights.shape[2]]);
  }

  /** Copies the weights out of the backend; reads back, so call it outside the training loop. */
  async toArrays(): Promise<NamedArrays> {
    const arrays: Record<string, StoredArray> = {};
    for (const [index, layer] of this.#layers.entries()) {
      for (const kind of ['weights', 'bias'] as const) {
        const data = (await layer[kind].data<'float32'>()).slice();
        arrays[layerArrayName(index, kind)] = { shape: [...layer[kind].shape], data };
      }
    }
    return arrays;
  }

  /**
   * Overwrites the weights with saved ones.
   *
   * @throws CheckpointError when an array is missing or has another shape; no weight has changed then.
   */
  assign(arrays: NamedArrays): void {
    const loaded = layerShapes(this.shape).map((layer, index) => ({
      weights: layerArray(arrays, index, 'weights', layer).slice(),
      bias: layerArray(arrays, index, 'bias', layer).slice(),
    }));
    tf.tidy(() => {
      for (const [index, layer] of this.#layers.entries()) {
        layer.weights.assign(tf.tensor3d(loaded[index]!.weights, layer.weights.shape));
        layer.bias.assign(tf.tensor3d(loaded[index]!.bias, layer.bias.shape));
      }
    });
  }

  /** Frees the variables. */
  dispose(): void {
    for (const variable of this.variables) variable.dispose();
  }
}
