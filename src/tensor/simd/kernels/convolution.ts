import type { TensorInfo } from '../simd-backend.ts';
import { type Kernel, SHARED_ELEMENTS, SHARED_FLOPS, sizeOf } from './kernel.ts';
import { runTranspose } from './movement.ts';
import { runSum } from './reduce.ts';

/** Patches [N, Ho, Wo, K·K·C] of images x [N, H, W, C]; attributes size K and padding. */
export const IMAGE_PATCHES = 'ImagePatches';
/** Its gradient [N, H, W, C]; input patches, attributes size, padding, height, width. */
export const IMAGE_PATCHES_GRADIENT = 'ImagePatchesGradient';
/**
 * Convolution, rectifier and 2 × 2 pooling; inputs x [N, H, W, C] and filters [S, K·K·C + 1, F] with the bias last, F a
 * multiple of 4, N one of S; attributes size K, training.
 */
export const CONVOLVE_POOL = 'ConvolvePool';
/** Its gradient with respect to x; inputs x, filters, y (its output, made in training) and dy. */
export const CONVOLVE_POOL_INPUT_GRADIENT = 'ConvolvePoolInputGradient';
/** Its gradient with respect to the filters; inputs as of the other. */
export const CONVOLVE_POOL_FILTER_GRADIENT = 'ConvolvePoolFilterGradient';

/** Into so many sums the gradient of filters is divided: the bits must not depend on the threads. */
const PARTS = 16;

const imagePatches: Kernel = ({ inputs, backend, attrs }) => {
  const { x } = inputs as { x: TensorInfo };
  const { padding, size } = attrs as { padding: number; size: number };
  const [N, H, W, C] = x.shape as [number, number, number, number];
  const [Ho, Wo] = [H + 2 * padding - size + 1, W + 2 * padding - size + 1];
  const px = backend.pointer(x);
  const out = backend.output([N, Ho, Wo, size * size * C]);
  const total = sizeOf(out.shape);
  const args = [px, backend.pointer(out), H, W, C, Ho, Wo, size, padding];
  if (total > 0) backend.run('imagePatches', args, N * Ho, total >= SHARED_ELEMENTS);
  return out;
};

const imagePatchesGradient: Kernel = ({ inputs, backend, attrs }) => {
  const { patches } = inputs as { patches: TensorInfo };
  const { height, padding, size, width } = attrs as Record<'height' | 'padding' | 'size' | 'width', number>;
  const [N, Ho, Wo, columns] = patches.shape as [number, number, number, number];
  const C = columns / (size * size);
  const from = backend.pointer(patches);
  const out = backend.output([N, height, width, C]);
  const total = sizeOf(patches.shape);
  const args = [from, backend.pointer(out), height, width, C, Ho, Wo, size, padding];
  if (total > 0) backend.run('imagePatchesGradient', args, N, total >= SHARED_ELEMENTS);
  return out;
};

/** Sizes of a pooled convolution. */
function pooledSizes(x: TensorInfo, filters: TensorInfo, size: number) {
  const [N, H, W, C] = x.shape as [number, number, number, number];
  const [sets, , F] = filters.shape as [number, number, number];
  const [Ho, Wo] = [(H - size + 1) >> 1, (W - size + 1) >> 1];
  const words = [H, W, C, Ho, Wo, F, size, N / sets];
  return { N, Ho, Wo, F, sets, words, shared: 2 * N * Ho * Wo * F * size * size * C >= SHARED_FLOPS };
}

const convolvePool: Kernel = ({ inputs, backend, attrs }) => {
  const { x, filters } = inputs as Record<'x' | 'filters', TensorInfo>;
  const { size, training } = attrs as { size: number; training: boolean };
  const { F, Ho, N, Wo, shared, words } = pooledSizes(x, filters, size);
  const pointers = [backend.pointer(x), backend.pointer(filters)];
  const out = backend.output([N, Ho, Wo, F]);
  const index = training ? backend.attach(out) : 0;
  if (sizeOf(out.shape) > 0) {
    backend.run('convolvePool', [...pointers, backend.pointer(out), index, ...words], N * Ho, shared);
  }
  return out;
};

const filterGradient: Kernel = ({ inputs, backend, attrs }) => {
  const { x, filters, y, dy } = inputs as Record<'x' | 'filters' | 'y' | 'dy', TensorInfo>;
  const { F, sets, shared, words } = pooledSizes(x, filters, (attrs as { size: number }).size);
  const rows = filters.shape[1] as number;
  const pointers = [backend.pointer(x), backend.attachment(y), backend.pointer(dy)];
  const parts = backend.output([sets, PARTS, F, rows]);
  const args = [...pointers, backend.pointer(parts), ...words, PARTS];
  backend.run('convolvePoolFilterGradient', args, sets * PARTS, shared);
  const sum = runSum(backend, parts, { outer: sets, axis: PARTS, inner: F * rows }, [sets, F, rows]);
  const out = runTranspose(backend, sum, [0, 2, 1]);
  backend.disposeData(parts.dataId);
  backend.disposeData(sum.dataId);
  return out;
};

const inputGradient: Kernel = ({ inputs, backend, attrs }) => {
  const { x, filters, y, dy } = inputs as Record<'x' | 'filters' | 'y' | 'dy', TensorInfo>;
  const { N, shared, words } = pooledSizes(x, filters, (attrs as { size: number }).size);
  const turned = runTranspose(backend, filters, [0, 2, 1]);
  const pointers = [backend.pointer(turned), backend.attachment(y), backend.pointer(dy)];
  const out: TensorInfo = backend.output(x.shape);
  backend.run('convolvePoolInputGradient', [...pointers, backend.pointer(out), ...words], N, shared);
  backend.disposeData(turned.dataId);
  return out;
};

/** Kernels of convolutional networks by their names. */
export const convolutionKernels: ReadonlyMap<string, Kernel> = new Map<string, Kernel>([
  [IMAGE_PATCHES, imagePatches],
  [IMAGE_PATCHES_GRADIENT, imagePatchesGradient],
  [CONVOLVE_POOL, convolvePool],
  [CONVOLVE_POOL_FILTER_GRADIENT, filterGradient],
  [CONVOLVE_POOL_INPUT_GRADIENT, inputGradient],
]);
