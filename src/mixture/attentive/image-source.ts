import type { LabelledImages } from '../../data/labelled-images.ts';
import type { Rng } from '../../random.ts';
import { tf } from '../../tensor/tf.ts';
import type { SampleSource } from './gated-training.ts';

/** Rows and columns by which an image is shifted at most when it is varied. */
const SHIFT = 4;

/** Mean and standard deviation of every channel, of pixels from 0 to 1. */
export interface ChannelScale {
  readonly mean: readonly number[];
  readonly std: readonly number[];
}

/** Images as inputs of networks: every channel shifted and scaled, channels last. */
export class ImageSource implements SampleSource {
  readonly count: number;
  readonly #images: LabelledImages;
  readonly #channels: number;
  /** Value of each byte in each channel, shape `[channels, 256]`. */
  readonly #values: Float32Array;
  readonly #varied: boolean;

  /**
   * @param count - how many of the images, from the first on.
   * @param varied - whether training sees images mirrored by even odds, and shifted by up to 4 pixels with what lies beyond
   *   the edge reflected.
   */
  constructor(images: LabelledImages, scale: ChannelScale, count: number, varied = false) {
    this.count = Math.min(count, images.count);
    this.#images = images;
    this.#channels = images.channels ?? 1;
    this.#varied = varied;
    this.#values = Float32Array.from({ length: 256 * this.#channels }, (_, at) => {
      const c = at >> 8;
      return ((at & 255) / 255 - (scale.mean[c] as number)) / (scale.std[c] as number);
    });
  }

  inputs(indices: Int32Array, augment?: Rng): tf.Tensor2D {
    const { height, width } = this.#images;
    const size = height * width * this.#channels;
    const rows = new Float32Array(indices.length * size);
    for (let i = 0; i < indices.length; i++) {
      const index = indices[i] as number;
      const row = rows.subarray(i * size, (i + 1) * size);
      if (augment === undefined || !this.#varied) this.#copy(index, row);
      else this.#vary(index, row, augment);
    }
    return tf.tensor2d(rows, [indices.length, size]);
  }

  #copy(index: number, row: Float32Array): void {
    const { pixels } = this.#images;
    const channels = this.#channels;
    const start = index * row.length;
    for (let at = 0; at < row.length; at++) {
      row[at] = this.#values[((at % channels) << 8) | (pixels[start + at] as number)] as number;
    }
  }

  #vary(index: number, row: Float32Array, rng: Rng): void {
    const { height, pixels, width } = this.#images;
    const channels = this.#channels;
    const mirrored = rng.uniform() < 0.5;
    const down = rng.integer(2 * SHIFT + 1) - SHIFT;
    const right = rng.integer(2 * SHIFT + 1) - SHIFT;
    let at = 0;
    for (let y = 0; y < height; y++) {
      const fromY = reflect(y + down, height);
      for (let x = 0; x < width; x++) {
        const fromX = reflect((mirrored ? width - 1 - x : x) + right, width);
        const from = ((index * height + fromY) * width + fromX) * channels;
        for (let c = 0; c < channels; c++) {
          row[at++] = this.#values[(c << 8) | (pixels[from + c] as number)] as number;
        }
      }
    }
  }
}

/** Where an index beyond the edge is mirrored to; the edge itself is not repeated. */
function reflect(index: number, size: number): number {
  const inside = index < 0 ? -index : index >= size ? 2 * size - 2 - index : index;
  return Math.min(Math.max(inside, 0), size - 1);
}
