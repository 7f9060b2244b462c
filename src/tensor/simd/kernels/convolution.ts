import type { SimdBackend, TensorInfo } from '../simd-backend.ts';
import { type Kernel, SHARED_ELEMENTS, sizeOf } from './kernel.ts';

/** Patches [N, Ho, Wo, K·K·C] of images x [N, H, W, C]; attributes size K and padding. */
export const IMAGE_PATCHES = 'ImagePatches';
/** Its gradient [N, H, W, C]; input patches, attributes size, padding, height, width. */
export const IMAGE_PATCHES_GRADIENT = 'ImagePatchesGradient';
/** The largest of every 2 × 2 of x [N, H, W, C]. */
export const MAX_POOL = 'ImageMaxPool';
/** Its gradient; inputs x and dy. */
export const MAX_POOL_GRADIENT = 'ImageMaxPoolGradient';

const run = (
  backend: SimdBackend,
  kernel: 'imagePatches' | 'imagePatchesGradient' | 'maxPool' | 'maxPoolGradient',
  args: readonly number[],
  units: number,
  elements: number,
) => {
  if (units > 0 && elements > 0) backend.run(kernel, args, units, elements >= SHARED_ELEMENTS);
};

const imagePatches: Kernel = ({ inputs, backend, attrs }) => {
  const { x } = inputs as { x: TensorInfo };
  const { padding, size } = attrs as { padding: number; size: number };
  const [N, H, W, C] = x.shape as [number, number, number, number];
  const [Ho, Wo] = [H + 2 * padding - size + 1, W + 2 * padding - size + 1];
  const px = backend.pointer(x);
  const out = backend.output([N, Ho, Wo, size * size * C]);
  const args = [px, backend.pointer(out), H, W, C, Ho, Wo, size, padding];
  run(backend, 'imagePatches', args, N * Ho, sizeOf(out.shape));
  return out;
};

const imagePatchesGradient: Kernel = ({ inputs, backend, attrs }) => {
  const { patches } = inputs as { patches: TensorInfo };
  const { height, padding, size, width } = attrs as Record<'height' | 'padding' | 'size' | 'width', number>;
  const [N, Ho, Wo, columns] = patches.shape as [number, number, number, number];
  const C = columns / (size * size);
  const from = backend.pointer(patches);
  const out = backend.output([N, height, width, C]);
  const args = [from, backend.pointer(out), height, width, C, Ho, Wo, size, padding];
  run(backend, 'imagePatchesGradient', args, N, sizeOf(patches.shape));
  return out;
};

const maxPool: Kernel = ({ inputs, backend }) => {
  const { x } = inputs as { x: TensorInfo };
  const [N, H, W, C] = x.shape as [number, number, number, number];
  const px = backend.pointer(x);
  const out = backend.output([N, H >> 1, W >> 1, C]);
  run(backend, 'maxPool', [px, backend.pointer(out), H, W, C], N * (H >> 1), sizeOf(x.shape));
  return out;
};

const maxPoolGradient: Kernel = ({ inputs, backend }) => {
  const { x, dy } = inputs as { x: TensorInfo; dy: TensorInfo };
  const [N, H, W, C] = x.shape as [number, number, number, number];
  const pointers = [backend.pointer(x), backend.pointer(dy)];
  const out = backend.output(x.shape);
  const args = [...pointers, backend.pointer(out), H, W, C];
  run(backend, 'maxPoolGradient', args, N * (H >> 1), sizeOf(x.shape));
  return out;
};

/** Kernels of convolutional networks by their names. */
export const convolutionKernels: ReadonlyMap<string, Kernel> = new Map<string, Kernel>([
  [IMAGE_PATCHES, imagePatches],
  [IMAGE_PATCHES_GRADIENT, imagePatchesGradient],
  [MAX_POOL, maxPool],
  [MAX_POOL_GRADIENT, maxPoolGradient],
]);
