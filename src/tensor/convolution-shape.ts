import { ConfigError } from '../errors.ts';

/** Pixels a side of every filter. */
export const filterSize = 3;

/** One layer: filters of 3 × 3, batch normalization if any, rectifier, 2 × 2 pooling if any. */
export interface ConvolutionLayer {
  readonly filters: number;
  /** Normalizes every filter's answers over the batch (Ioffe and Szegedy 2015); false where left out. */
  readonly normalize?: boolean;
  /** Keeps the largest of every 2 × 2; true where left out. */
  readonly pool?: boolean;
}

/** Describes E stacks of convolutional layers of one shape. */
export interface ConvolutionShape {
  /** E, the number of stacks. */
  readonly networks: number;
  readonly height: number;
  readonly width: number;
  readonly channels: number;
  readonly layers: readonly ConvolutionLayer[];
  /** Adds one row and column of zeros on every side before each layer, which keeps the size; false where left out. */
  readonly padded?: boolean;
}

/** Sizes of one layer: what it is given, and what it answers. */
export interface ConvolutionLayerShape {
  readonly input: readonly [height: number, width: number, channels: number];
  readonly output: readonly [height: number, width: number, filters: number];
  readonly normalize: boolean;
  readonly pool: boolean;
}

/**
 * Lists the layers' sizes, from the image on.
 *
 * @throws ConfigError when a size is not a positive whole number, or an image shrinks to nothing.
 */
export function convolutionLayers(shape: ConvolutionShape): readonly ConvolutionLayerShape[] {
  const { channels, height, layers, networks, padded = false, width } = shape;
  const sizes = [networks, height, width, channels, ...layers.map(({ filters }) => filters)];
  if (sizes.some((size) => !Number.isInteger(size) || size < 1)) {
    throw new ConfigError({
      what: 'A size of convolutional layers is not a positive whole number',
      found: `networks ${networks}, images ${height} × ${width} × ${channels}, filters ${sizes.slice(4).join('-')}`,
    });
  }
  let input: readonly [number, number, number] = [height, width, channels];
  return layers.map(({ filters, normalize = false, pool = true }, index) => {
    const [h, w] = input.map((side) => side + (padded ? 2 : 0) - filterSize + 1) as [number, number];
    const output = [pool ? h >> 1 : h, pool ? w >> 1 : w, filters] as const;
    if (output[0] < 1 || output[1] < 1) {
      throw new ConfigError({
        what: 'The images are too small for this many convolutional layers',
        where: `layer ${index}`,
        found: `${input[0]} × ${input[1]} pixels`,
        remedy: 'use fewer layers, pool less often, or pad',
      });
    }
    const layer = { input, output, normalize, pool };
    input = output;
    return layer;
  });
}

/** Counts the numbers that a stack answers per image: those of the image itself where there are no layers. */
export function convolutionOutputSize(shape: ConvolutionShape): number {
  const last = convolutionLayers(shape).at(-1);
  const [h, w, c] = last?.output ?? [shape.height, shape.width, shape.channels];
  return h * w * c;
}
