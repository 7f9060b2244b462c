import { CheckpointError } from '../errors.ts';
import type { Rng } from '../random.ts';
import {
  type ConvolutionLayerShape,
  type ConvolutionShape,
  convolutionLayers,
  convolutionOutputSize,
  filterSize,
} from './convolution-shape.ts';
import { elementCount, type NamedArrays, type StoredArray } from './named-arrays.ts';
import { convolvePool, imagePatches } from './ops/convolution.ts';
import { dense } from './ops/dense.ts';
import { tf } from './tf.ts';

/** Keeps the variance that normalization divides by away from zero, as in PyTorch. */
const epsilon = 1e-5;

/** What normalization needs of a layer's filters: their answers' mean and variance, each [E, 1, F]. */
export interface FilterStatistics {
  readonly mean: tf.Tensor3D;
  readonly variance: tf.Tensor3D;
}

interface Layer extends ConvolutionLayerShape {
  /** [E, 9·C, F]. */
  readonly weights: tf.Variable<tf.Rank.R3>;
  /** [E, 1, F]; of a normalized layer the offset after normalization. */
  readonly bias: tf.Variable<tf.Rank.R3>;
  /** [E, 1, F]; of a normalized layer. */
  readonly gain: tf.Variable<tf.Rank.R3> | undefined;
  /** Of the data, as {@link BatchedConvolutions.calibrate} measured them: [E, 1, F] each. */
  readonly mean: tf.Variable<tf.Rank.R3> | undefined;
  readonly variance: tf.Variable<tf.Rank.R3> | undefined;
}

const parts = ['weights', 'bias', 'gain', 'mean', 'variance'] as const;
const arrayName = (index: number, part: (typeof parts)[number]) => `convolutions.${index}.${part}`;

/** The shapes of a layer's arrays; those that it has not are left out. */
function arrayShapes(networks: number, layer: ConvolutionLayerShape) {
  const filters = layer.output[2];
  const perFilter = [networks, 1, filters] as const;
  return {
    weights: [networks, filterSize ** 2 * layer.input[2], filters] as const,
    bias: perFilter,
    ...(layer.normalize ? { gain: perFilter, mean: perFilter, variance: perFilter } : {}),
  };
}

/** Draws starting weights as PyTorch's `Conv2d` does by default; normalization starts as the identity. */
export function drawConvolutions(shape: ConvolutionShape, rng: Rng): NamedArrays {
  const arrays: Record<string, StoredArray> = {};
  for (const [index, layer] of convolutionLayers(shape).entries()) {
    const shapes = arrayShapes(shape.networks, layer);
    const bound = 1 / Math.sqrt(shapes.weights[1]);
    for (const [part, size] of Object.entries(shapes) as [(typeof parts)[number], readonly number[]][]) {
      const name = arrayName(index, part);
      const data = new Float32Array(elementCount(size)).fill(part === 'gain' || part === 'variance' ? 1 : 0);
      const drawn = part === 'weights' || (part === 'bias' && !layer.normalize);
      const perNetwork = data.length / shape.networks;
      for (let e = 0; drawn && e < shape.networks; e++) {
        const stream = rng.fork(name).fork(e);
        for (let i = 0; i < perNetwork; i++) data[e * perNetwork + i] = stream.uniform(-bound, bound);
      }
      arrays[name] = { shape: [...size], data };
    }
  }
  return arrays;
}

/**
 * E stacks of convolutional layers of one shape, which see the same images: what stands before the dense layers of
 * image networks. Batch normalization uses the statistics of the batch while training, and those that `calibrate`
 * measured afterwards.
 *
 * The statistics of a normalized layer are computed from the mean and the covariance of its patches, wᵀ·Cov·w, and
 * folded into weights and bias; the answers that are normalized are never stored on their own.
 *
 * Owns its variables until {@link BatchedConvolutions.dispose}.
 */
export class BatchedConvolutions {
  readonly shape: ConvolutionShape;
  readonly #layers: readonly Layer[];

  /**
   * Starts from given weights, which are copied.
   *
   * @throws ConfigError when the shape contradicts itself.
   * @throws CheckpointError when an array is missing or does not fit the shape.
   */
  constructor(shape: ConvolutionShape, initial: NamedArrays) {
    this.shape = shape;
    this.#layers = convolutionLayers(shape).map((layer, index) => {
      const shapes = arrayShapes(shape.networks, layer);
      const variable = (part: (typeof parts)[number], trainable: boolean) => {
        const size = (shapes as Partial<Record<typeof part, readonly [number, number, number]>>)[part];
        if (size === undefined) return undefined;
        const data = takeArray(initial, arrayName(index, part), size);
        return tf.tidy(() => tf.variable(tf.tensor3d(data, [...size]), trainable));
      };
      return {
        ...layer,
        weights: variable('weights', true) as tf.Variable<tf.Rank.R3>,
        bias: variable('bias', true) as tf.Variable<tf.Rank.R3>,
        gain: variable('gain', true),
        mean: variable('mean', false),
        variance: variable('variance', false),
      };
    });
  }

  /** Numbers per image that come out. */
  get outputSize(): number {
    return convolutionOutputSize(this.shape);
  }

  /** What is trained, layer by layer. */
  get variables(): readonly tf.Variable[] {
    return this.#layers.flatMap(({ bias, gain, weights }) =>
      gain === undefined ? [weights, bias] : [weights, bias, gain],
    );
  }

  /** Whether some layer is normalized, so that {@link BatchedConvolutions.calibrate} has something to measure. */
  get normalizes(): boolean {
    return this.#layers.some(({ normalize }) => normalize);
  }

  /**
   * Evaluates all stacks on the same images; differentiable in the variables.
   *
   * @param images - [B, height, width, channels]. Borrowed.
   * @param training - whether normalization uses the statistics of this batch.
   * @param onStatistics - told them, layer by layer; they are freed with the scope around.
   * @returns [E, B, outputs]; the caller disposes of them.
   */
  forward(
    images: tf.Tensor4D,
    training: boolean,
    onStatistics?: (layer: number, statistics: FilterStatistics) => void,
  ): tf.Tensor3D {
    const { networks } = this.shape;
    return tf.tidy(() => {
      const batch = images.shape[0];
      let state = images;
      for (const [index, layer] of this.#layers.entries()) {
        state = this.#apply(layer, state, batch, training, (found) => onStatistics?.(index, found));
      }
      const sets = state.shape[0] / batch;
      const flat = tf.reshape<tf.Rank.R3>(state, [sets, batch, -1]);
      return sets === networks ? flat : tf.tile(flat, [networks, 1, 1]);
    });
  }

  /** Applies one layer to [S·B, H, W, C], S being E or, for the images themselves, 1; returns [E·B, H', W', F]. */
  #apply(
    layer: Layer,
    x: tf.Tensor4D,
    batch: number,
    training: boolean,
    onStatistics: (found: FilterStatistics) => void,
  ): tf.Tensor4D {
    const { networks, padded = false } = this.shape;
    const sets = x.shape[0] / batch;
    const edge: [number, number] = [1, 1];
    const image = padded ? tf.pad(x, [[0, 0], edge, edge, [0, 0]]) : x;
    const [, H, W, C] = image.shape;
    const [h, w] = [H - filterSize + 1, W - filterSize + 1];
    let { bias, weights }: { bias: tf.Tensor3D; weights: tf.Tensor3D } = layer;
    const needsPatches = !layer.pool || (layer.gain !== undefined && training);
    const patches = needsPatches
      ? tf.reshape<tf.Rank.R3>(imagePatches(image, { size: filterSize }), [
          sets,
          batch * h * w,
          filterSize ** 2 * C,
        ])
      : undefined;
    if (layer.gain !== undefined) {
      const known = { mean: layer.mean, variance: layer.variance } as unknown as FilterStatistics;
      const { mean, variance } = training ? filterStatistics(patches as tf.Tensor3D, weights) : known;
      if (training) onStatistics({ mean, variance });
      const scale = tf.div<tf.Tensor3D>(layer.gain, tf.sqrt(tf.add(variance, epsilon)));
      weights = tf.mul(weights, scale);
      bias = tf.sub(bias, tf.mul(mean, scale));
    }
    const F = layer.output[2];
    if (!layer.pool) {
      const answers = dense(patches as tf.Tensor3D, weights, bias, 'relu');
      return tf.reshape(answers, [networks * batch, h, w, F]);
    }
    const filters = tf.concat([weights, bias], 1) as tf.Tensor3D;
    if (sets === networks) return convolvePool(image, filters, filterSize);
    // all stacks see the same images: their filters are applied as if they were those of one
    const rows = filters.shape[1];
    const joined = tf.reshape<tf.Rank.R3>(tf.transpose(filters, [1, 0, 2]), [1, rows, networks * F]);
    const answers = convolvePool(image, joined, filterSize);
    const [, Ho, Wo] = answers.shape;
    const apart = tf.transpose(tf.reshape(answers, [batch, Ho * Wo, networks, F]), [2, 0, 1, 3]);
    return tf.reshape(apart, [networks * batch, Ho, Wo, F]);
  }

  /**
   * Measures the statistics of normalized layers, with the present weights, over batches of the data: what is used when
   * `forward` is not training.
   *
   * @param batches - images [B, height, width, channels] each; disposed of here.
   */
  calibrate(batches: Iterable<tf.Tensor4D>): void {
    if (!this.normalizes) return;
    const count = { batches: 0 };
    const sums = new Map<number, { mean: tf.Tensor; square: tf.Tensor }>();
    for (const images of batches) {
      count.batches++;
      tf.tidy(() => {
        this.forward(images, true, (layer, { mean, variance }) => {
          const before = sums.get(layer);
          const square = tf.add(variance, tf.square(mean));
          sums.set(layer, {
            mean: tf.keep(before === undefined ? tf.clone(mean) : tf.add(before.mean, mean)),
            square: tf.keep(before === undefined ? square : tf.add(before.square, square)),
          });
          tf.dispose([before?.mean, before?.square].filter((sum) => sum !== undefined));
        });
      });
      images.dispose();
    }
    for (const [index, sum] of sums) {
      tf.tidy(() => {
        const mean = tf.div(sum.mean, count.batches);
        const variance = tf.relu(tf.sub(tf.div(sum.square, count.batches), tf.square(mean)));
        (this.#layers[index] as Layer).mean?.assign(mean as tf.Tensor3D);
        (this.#layers[index] as Layer).variance?.assign(variance as tf.Tensor3D);
      });
      tf.dispose([sum.mean, sum.square]);
    }
  }

  /** Copies weights and statistics out of the backend; reads back, so call it outside the training loop. */
  async toArrays(): Promise<NamedArrays> {
    const arrays: Record<string, StoredArray> = {};
    for (const [index, layer] of this.#layers.entries()) {
      for (const part of parts) {
        const variable = layer[part];
        if (variable === undefined) continue;
        const data = (await variable.data<'float32'>()).slice();
        arrays[arrayName(index, part)] = { shape: [...variable.shape], data };
      }
    }
    return arrays;
  }

  /**
   * Overwrites weights and statistics with saved ones.
   *
   * @throws CheckpointError when an array is missing or has another shape; nothing has changed then.
   */
  assign(arrays: NamedArrays): void {
    const loaded = this.#layers.flatMap((layer, index) =>
      parts.flatMap((part) => {
        const variable = layer[part];
        if (variable === undefined) return [];
        return [{ variable, data: takeArray(arrays, arrayName(index, part), variable.shape) }];
      }),
    );
    tf.tidy(() => {
      for (const { data, variable } of loaded) variable.assign(tf.tensor3d(data, variable.shape));
    });
  }

  /** Frees the variables. */
  dispose(): void {
    for (const layer of this.#layers) for (const part of parts) layer[part]?.dispose();
  }
}

/** Mean and variance of the answers that linear filters give to patches, from the moments of the patches. */
function filterStatistics(patches: tf.Tensor3D, weights: tf.Tensor3D): FilterStatistics {
  const mean = tf.mean<tf.Tensor3D>(patches, 1, true);
  const second = tf.div(tf.matMul(patches, patches, true, false), patches.shape[1]);
  const covariance = tf.sub<tf.Tensor3D>(second, tf.matMul(mean, mean, true, false));
  const variance = tf.sum<tf.Tensor3D>(tf.mul(weights, tf.matMul(covariance, weights)), 1, true);
  return { mean: tf.matMul(mean, weights), variance: tf.relu(variance) };
}

function takeArray(arrays: NamedArrays, name: string, shape: readonly number[]): Float32Array {
  const array = arrays[name];
  if (array?.data instanceof Float32Array && array.shape.join() === shape.join()) return array.data.slice();
  throw new CheckpointError({
    what: 'Saved weights do not fit the convolutional layers',
    where: name,
    found: array === undefined ? 'no such array' : `[${array.shape.join(', ')}]`,
    expected: `[${shape.join(', ')}]`,
  });
}
