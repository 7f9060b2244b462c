import type { Rng } from '../../random.ts';
import { BatchedConvolutions, drawConvolutions } from '../../tensor/batched-convolutions.ts';
import { BatchedMlp } from '../../tensor/batched-mlp.ts';
import { type ConvolutionShape, convolutionOutputSize } from '../../tensor/convolution-shape.ts';
import { drawMlp } from '../../tensor/mlp-init.ts';
import type { MlpShape } from '../../tensor/mlp-shape.ts';
import type { NamedArrays } from '../../tensor/named-arrays.ts';
import { type Activation, activate } from '../../tensor/ops/activation.ts';
import { tf } from '../../tensor/tf.ts';
import { joinParts, takePart } from '../../training/parts.ts';

/** E networks without their last layer: convolutions if the inputs are images, then dense layers. */
export interface FeatureShape {
  /** E. */
  readonly networks: number;
  /** Numbers per input; of images height · width · channels. */
  readonly inputSize: number;
  /** Layers that see the input as an image; none where left out. */
  readonly convolutions?: Omit<ConvolutionShape, 'networks'>;
  /** Widths of the dense layers; the last one is the number of features. At least one. */
  readonly hidden: readonly number[];
  /** After every dense layer. */
  readonly activation: Activation;
}

/** What a {@link FeatureNetwork} finds in an input. */
export interface Features {
  /** The last hidden layer before its activation, [E, B, h]. */
  readonly before: tf.Tensor3D;
  /** And after it. */
  readonly after: tf.Tensor3D;
}

const convolutionShape = (shape: FeatureShape): ConvolutionShape | undefined =>
  shape.convolutions && { ...shape.convolutions, networks: shape.networks };

function denseShape(shape: FeatureShape): MlpShape {
  const { activation, hidden, inputSize, networks } = shape;
  const convolutions = convolutionShape(shape);
  return {
    networks,
    inputSize: convolutions === undefined ? inputSize : convolutionOutputSize(convolutions),
    hidden: hidden.slice(0, -1),
    outputSize: hidden.at(-1) ?? 0,
    activation,
  };
}

/** E networks up to their last hidden layer, trained as one batched product. Owns its variables. */
export class FeatureNetwork {
  readonly shape: FeatureShape;
  readonly convolutions: BatchedConvolutions | undefined;
  readonly #dense: BatchedMlp;

  /**
   * Starts from given weights, which are copied.
   *
   * @throws ConfigError when the shape contradicts itself; CheckpointError when an array does not fit it.
   */
  constructor(shape: FeatureShape, initial: NamedArrays) {
    this.shape = shape;
    const convolutions = convolutionShape(shape);
    this.convolutions = convolutions && new BatchedConvolutions(convolutions, takePart(initial, 'images'));
    this.#dense = new BatchedMlp(denseShape(shape), takePart(initial, 'dense'));
  }

  /** Draws starting weights. @throws ConfigError when the shape contradicts itself. */
  static draw(shape: FeatureShape, rng: Rng): NamedArrays {
    const convolutions = convolutionShape(shape);
    return joinParts({
      images: convolutions === undefined ? {} : drawConvolutions(convolutions, rng),
      dense: drawMlp(denseShape(shape), rng),
    });
  }

  /** What is trained. */
  get variables(): readonly tf.Variable[] {
    return [...(this.convolutions?.variables ?? []), ...this.#dense.variables];
  }

  /**
   * Evaluates all networks; differentiable in the variables.
   *
   * @param x - [B, inputSize]. Borrowed.
   * @param training - whether batch normalization uses this batch.
   */
  forward(x: tf.Tensor2D, training: boolean): Features {
    const images = this.#asImages(x);
    const input = images === undefined ? x : this.convolutions?.forward(images, training);
    const before = this.#dense.forward(input as tf.Tensor2D | tf.Tensor3D);
    return { before, after: activate(before, this.shape.activation) };
  }

  #asImages(x: tf.Tensor2D): tf.Tensor4D | undefined {
    const { convolutions } = this.shape;
    if (convolutions === undefined) return undefined;
    const { channels, height, width } = convolutions;
    return tf.reshape(x, [x.shape[0], height, width, channels]);
  }

  /** Measures what batch normalization uses after the training; inputs [B, inputSize] are disposed of here. */
  calibrate(batches: () => Iterable<tf.Tensor2D>): void {
    if (this.convolutions?.normalizes !== true) return;
    const images = function* (self: FeatureNetwork) {
      for (const x of batches()) {
        yield self.#asImages(x) as tf.Tensor4D;
        x.dispose();
      }
    };
    this.convolutions.calibrate(images(this));
  }

  /** Copies the weights out of the backend; reads back, so call it outside the training loop. */
  async toArrays(): Promise<NamedArrays> {
    return joinParts({
      images: (await this.convolutions?.toArrays()) ?? {},
      dense: await this.#dense.toArrays(),
    });
  }

  /** Overwrites the weights with saved ones. @throws CheckpointError when an array is missing or does not fit. */
  assign(arrays: NamedArrays): void {
    this.convolutions?.assign(takePart(arrays, 'images'));
    this.#dense.assign(takePart(arrays, 'dense'));
  }

  /** Frees the variables. */
  dispose(): void {
    this.convolutions?.dispose();
    this.#dense.dispose();
  }
}
