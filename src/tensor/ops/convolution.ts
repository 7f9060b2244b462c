import { tf } from '../tf.ts';
import { dense } from './dense.ts';
import { hasFusedKernel, isRecording, runFused } from './fused.ts';

const PATCHES = 'ImagePatches';
const PATCHES_GRADIENT = 'ImagePatchesGradient';
const CONVOLVE_POOL = 'ConvolvePool';
const CONVOLVE_POOL_INPUT_GRADIENT = 'ConvolvePoolInputGradient';
const CONVOLVE_POOL_FILTER_GRADIENT = 'ConvolvePoolFilterGradient';

/** The kernel computes this many filters at a time. */
const FILTER_BLOCK = 4;

tf.registerGradient({
  kernelName: PATCHES,
  inputsToSave: ['x'],
  gradFunc: (dy, saved, attributes) => ({
    x: () => {
      const [, height, width] = (saved[0] as tf.Tensor).shape;
      const patches = dy as tf.Tensor;
      return runFused<tf.Tensor>(PATCHES_GRADIENT, { patches }, { ...attributes, height, width });
    },
  }),
});

tf.registerGradient({
  kernelName: CONVOLVE_POOL,
  inputsToSave: ['x', 'filters'],
  outputsToSave: [true],
  gradFunc: (gradient, saved, attributes) => {
    const [x, filters, y] = saved as [tf.Tensor, tf.Tensor, tf.Tensor];
    const inputs = { x, filters, y, dy: gradient as tf.Tensor };
    return {
      x: () => runFused<tf.Tensor>(CONVOLVE_POOL_INPUT_GRADIENT, inputs, attributes),
      filters: () => runFused<tf.Tensor>(CONVOLVE_POOL_FILTER_GRADIENT, inputs, attributes),
    };
  },
});

/**
 * Lays out the square patch around every position of images as one row, so that a convolution is a product with a
 * matrix [size·size·C, filters].
 *
 * Runs as one kernel where the active backend has it and as slices elsewhere, with the same gradient. Borrows x; the
 * caller disposes of the result.
 *
 * @param x - images [N, H, W, C].
 * @param options.size - pixels a side of a patch.
 * @param options.padding - rows and columns of zeros added on every side; 0 where left out.
 * @returns [N, H + 2·padding − size + 1, W + 2·padding − size + 1, size·size·C]; within a patch row by row, channels last.
 */
export function imagePatches(
  x: tf.Tensor4D,
  { padding = 0, size }: { readonly padding?: number; readonly size: number },
): tf.Tensor4D {
  if (hasFusedKernel(PATCHES)) return runFused<tf.Tensor4D>(PATCHES, { x }, { padding, size });
  return tf.tidy(() => {
    const [N, H, W, C] = x.shape;
    const edge: [number, number] = [padding, padding];
    const padded = padding === 0 ? x : tf.pad(x, [[0, 0], edge, edge, [0, 0]]);
    const [Ho, Wo] = [H + 2 * padding - size + 1, W + 2 * padding - size + 1];
    const shifted = Array.from({ length: size * size }, (_, k) =>
      tf.slice(padded, [0, Math.floor(k / size), k % size, 0], [N, Ho, Wo, C]),
    );
    return tf.concat(shifted, 3);
  });
}

/**
 * Convolves images with S sets of filters, each with its own share of the images, without padding; rectifies; and keeps
 * the largest of every 2 × 2. A last odd row or column is left out.
 *
 * One kernel forward that stores no more than its result, and one backward for each input, where the active backend has
 * them; plain operations elsewhere, with the same gradients. Borrows its inputs; the caller disposes of the result.
 *
 * @param x - images [N, H, W, C]; the first N / S belong to the first set.
 * @param filters - [S, size·size·C + 1, F], within a patch row by row, channels last, then the bias.
 * @param size - pixels a side of a filter.
 * @returns [N, ⌊(H − size + 1)/2⌋, ⌊(W − size + 1)/2⌋, F].
 * @throws Error when the shapes do not fit together.
 */
export function convolvePool(x: tf.Tensor4D, filters: tf.Tensor3D, size: number): tf.Tensor4D {
  const [N, H, W, C] = x.shape;
  const [S, rows, F] = filters.shape;
  if (rows !== size * size * C + 1 || N % S !== 0 || Math.min(H, W) < size + 1) {
    throw new Error(
      `convolvePool: x [${x.shape}] and filters [${filters.shape}] do not fit; expected [N, H, W, C], ` +
        `[S, ${size * size}·C + 1, F] with N a multiple of S, H and W at least ${size + 1}`,
    );
  }
  return tf.tidy(() => {
    if (hasFusedKernel(CONVOLVE_POOL)) {
      const missing = (FILTER_BLOCK - (F % FILTER_BLOCK)) % FILTER_BLOCK;
      const whole =
        missing === 0
          ? filters
          : tf.pad(filters, [
              [0, 0],
              [0, 0],
              [0, missing],
            ]);
      const y = runFused<tf.Tensor4D>(
        CONVOLVE_POOL,
        { x, filters: whole },
        { size, training: isRecording() },
      );
      return missing === 0 ? y : tf.slice(y, [0, 0, 0, 0], [-1, -1, -1, F]);
    }
    const [Ho, Wo] = [H - size + 1, W - size + 1];
    const patches = tf.reshape<tf.Rank.R3>(imagePatches(x, { size }), [S, (N / S) * Ho * Wo, rows - 1]);
    const [weights, bias] = tf.split<tf.Tensor3D>(filters, [rows - 1, 1], 1) as [tf.Tensor3D, tf.Tensor3D];
    const y = tf.reshape<tf.Rank.R4>(dense(patches, weights, bias, 'relu'), [N, Ho, Wo, F]);
    return tf.maxPool(y, 2, 2, 'valid');
  });
}
