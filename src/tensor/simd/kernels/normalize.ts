import { floatBits, type SimdBackend, type TensorInfo } from '../simd-backend.ts';
import { type Kernel, SHARED_ELEMENTS, sizeOf } from './kernel.ts';
import { LOG_SOFTMAX, LOG_SUM_EXP, runSoftmax, runSum } from './reduce.ts';

/** log-softmax over the last axis; input x. */
export const ROW_LOG_SOFTMAX = 'RowLogSoftmax';
/** log-sum-exp over the last axis, which is dropped; input x. */
export const ROW_LOG_SUM_EXP = 'RowLogSumExp';
/** softmax(scale·x + mask) over the last axis; inputs x [..., T, S] and, if any, mask [T, S]. */
export const MASKED_SOFTMAX = 'MaskedSoftmax';
/** The gradient of {@link MASKED_SOFTMAX} with respect to x; inputs y (its output) and dy, attribute scale. */
export const MASKED_SOFTMAX_GRADIENT = 'MaskedSoftmaxGradient';
/** Layer normalization over the last axis; inputs x, gain [D], offset [D], attribute epsilon. */
export const LAYER_NORM = 'FusedLayerNorm';
/** Its gradients dx, dgain and doffset; inputs x, gain, dy. */
export const LAYER_NORM_BACKWARD = 'FusedLayerNormBackward';

/** Runs a kernel whose units are the rows of x. */
function runRows(
  backend: SimdBackend,
  kernel: 'maskedSoftmax' | 'softmaxGradient' | 'layerNorm' | 'layerNormBackward',
  x: TensorInfo,
  args: readonly number[],
): void {
  const total = sizeOf(x.shape);
  const rows = total / Math.max(1, x.shape.at(-1) ?? 1);
  if (total > 0) backend.run(kernel, args, rows, 4 * total >= SHARED_ELEMENTS);
}

const maskedSoftmax: Kernel = ({ inputs, backend, attrs }) => {
  const { x, mask } = inputs as { x: TensorInfo; mask?: TensorInfo };
  const { scale } = attrs as { scale: number };
  const [T = 1, S = 1] = x.shape.slice(-2);
  const px = backend.pointer(x);
  const pm = mask === undefined ? 0 : backend.pointer(mask);
  const out = backend.output(x.shape);
  runRows(backend, 'maskedSoftmax', x, [px, pm, backend.pointer(out), S, floatBits(scale), T]);
  return out;
};

const maskedSoftmaxGradient: Kernel = ({ inputs, backend, attrs }) => {
  const { y, dy } = inputs as { y: TensorInfo; dy: TensorInfo };
  const { scale } = attrs as { scale: number };
  const py = backend.pointer(y);
  const pdy = backend.pointer(dy);
  const out = backend.output(y.shape);
  runRows(backend, 'softmaxGradient', y, [
    py,
    pdy,
    backend.pointer(out),
    y.shape.at(-1) ?? 1,
    floatBits(scale),
  ]);
  return out;
};

const layerNorm: Kernel = ({ inputs, backend, attrs }) => {
  const { x, gain, offset } = inputs as Record<'x' | 'gain' | 'offset', TensorInfo>;
  const pointers = [x, gain, offset].map((tensor) => backend.pointer(tensor));
  const out = backend.output(x.shape);
  const epsilon = floatBits((attrs as { epsilon: number }).epsilon);
  runRows(backend, 'layerNorm', x, [...pointers, backend.pointer(out), x.shape.at(-1) ?? 1, epsilon]);
  return out;
};

const layerNormBackward: Kernel = ({ inputs, backend, attrs }) => {
  const { x, gain, dy } = inputs as Record<'x' | 'gain' | 'dy', TensorInfo>;
  const D = x.shape.at(-1) ?? 1;
  const pointers = [x, gain, dy].map((tensor) => backend.pointer(tensor));
  const dx = backend.output(x.shape);
  const product = backend.output(x.shape);
  const epsilon = floatBits((attrs as { epsilon: number }).epsilon);
  const args = [...pointers, backend.pointer(dx), D, epsilon, backend.pointer(product)];
  runRows(backend, 'layerNormBackward', x, args);
  const rows = { outer: 1, axis: sizeOf(x.shape) / Math.max(1, D), inner: D };
  const dGain = runSum(backend, product, rows, [D]);
  backend.disposeData(product.dataId);
  return [dx, dGain, runSum(backend, dy, rows, [D])];
};

/** Row-wise kernels of ours by their names. */
export const normalizationKernels: ReadonlyMap<string, Kernel> = new Map<string, Kernel>([
  [ROW_LOG_SOFTMAX, ({ inputs, backend }) => runSoftmax(backend, inputs.x as TensorInfo, LOG_SOFTMAX)],
  [ROW_LOG_SUM_EXP, ({ inputs, backend }) => runSoftmax(backend, inputs.x as TensorInfo, LOG_SUM_EXP)],
  [MASKED_SOFTMAX, maskedSoftmax],
  [MASKED_SOFTMAX_GRADIENT, maskedSoftmaxGradient],
  [LAYER_NORM, layerNorm],
  [LAYER_NORM_BACKWARD, layerNormBackward],
]);
