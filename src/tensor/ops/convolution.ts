import { tf } from '../tf.ts';
import { hasFusedKernel, runFused } from './fused.ts';

const PATCHES = 'ImagePatches';
const PATCHES_GRADIENT = 'ImagePatchesGradient';
const POOL = 'ImageMaxPool';
const POOL_GRADIENT = 'ImageMaxPoolGradient';

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
  kernelName: POOL,
  inputsToSave: ['x'],
  gradFunc: (dy, saved) => ({
    x: () => runFused<tf.Tensor>(POOL_GRADIENT, { x: saved[0] as tf.Tensor, dy: dy as tf.Tensor }),
  }),
});

/**
 * Lays out the square patch around every position of images as one row, so that a convolution is a product with a
 * matrix [size·size·C, filters], and many filters are one product.
 *
 * Runs as one kernel where the active backend has it and as slices elsewhere, with the same gradient. Borrows x; the
 * caller disposes of the result.
 *
 * @param x - images [N, H, W, C].
 * @param options.size - pixels a side of a patch.
 * @param options.padding - rows and columns of zeros added on every side; `(size − 1) / 2` keeps the size of odd patches.
 * @returns [N, H + 2·padding − size + 1, W + 2·padding − size + 1, size·size·C]; within a patch row by row, channels last.
 */
export function imagePatches(
  x: tf.Tensor4D,
  { padding, size }: { readonly padding: number; readonly size: number },
): tf.Tensor4D {
  if (hasFusedKernel(PATCHES)) return runFused<tf.Tensor4D>(PATCHES, { x }, { padding, size });
  return tf.tidy(() => {
    const [N, H, W, C] = x.shape;
    const edge: [number, number] = [padding, padding];
    const padded = padding === 0 ? x : tf.pad(x, [[0, 0], edge, edge, [0, 0]]);
    const shape: [number, number, number, number] = [
      N,
      H + 2 * padding - size + 1,
      W + 2 * padding - size + 1,
      C,
    ];
    const shifted = Array.from({ length: size * size }, (_, k) =>
      tf.slice(padded, [0, Math.floor(k / size), k % size, 0], shape),
    );
    return tf.concat(shifted, 3);
  });
}

/**
 * Takes the largest of every square of 2 × 2; a last odd row or column is left out.
 *
 * One kernel forward and one backward where the active backend has them, that of tfjs elsewhere. Borrows x.
 *
 * @param x - images [N, H, W, C].
 * @returns [N, ⌊H/2⌋, ⌊W/2⌋, C]; the caller disposes of it.
 */
export function maxPool(x: tf.Tensor4D): tf.Tensor4D {
  if (hasFusedKernel(POOL)) return runFused<tf.Tensor4D>(POOL, { x });
  return tf.maxPool(x, 2, 2, 'valid');
}
