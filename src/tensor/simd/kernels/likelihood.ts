import { tf } from '../../tf.ts';
import type { SimdBackend, TensorInfo } from '../simd-backend.ts';
import { type Kernel, SHARED_ELEMENTS, sizeOf } from './kernel.ts';

/** The log density of targets under diagonal Gaussians. */
export const GAUSSIAN_LOG_LIKELIHOOD = 'GaussianLogLikelihood';
/** Its gradient with respect to the means. */
export const GAUSSIAN_MEAN_GRADIENT = 'GaussianMeanGradient';

/** Rows in a unit of work, as in the compiled kernel. */
const ROWS = 256;

function run(
  backend: SimdBackend,
  kernel: 'gaussian' | 'gaussianMeanGradient',
  inputs: Readonly<Record<string, TensorInfo>>,
  shape: number[],
): TensorInfo {
  const { mean, target, logVariance, dy } = inputs as Record<
    'mean' | 'target' | 'logVariance',
    TensorInfo
  > & { dy?: TensorInfo };
  const D = mean.shape.at(-1) as number;
  const rows = tf.util.sizeFromShape(mean.shape.slice(0, -1));
  const pm = backend.pointer(mean);
  const pt = backend.pointer(target);
  const pv = backend.pointer(logVariance);
  const pdy = dy === undefined ? 0 : backend.pointer(dy);
  const out = backend.output(shape);
  const period = sizeOf(target.shape) / Math.max(D, 1);
  const step = sizeOf(logVariance.shape) > 1 ? 1 : 0;
  const args = [pm, pt, pv, backend.pointer(out), rows, D, period, step, pdy];
  if (rows > 0) backend.run(kernel, args, Math.ceil(rows / ROWS), 4 * rows * D >= SHARED_ELEMENTS);
  return out;
}

/** Likelihood kernels by their names. Inputs mean [E, B, D], target [E or 1, B, D], logVariance [D] or [], dy [E, B]. */
export const likelihoodKernels: ReadonlyMap<string, Kernel> = new Map<string, Kernel>([
  [
    GAUSSIAN_LOG_LIKELIHOOD,
    ({ inputs, backend }) => run(backend, 'gaussian', inputs, (inputs.mean as TensorInfo).shape.slice(0, -1)),
  ],
  [
    GAUSSIAN_MEAN_GRADIENT,
    ({ inputs, backend }) => run(backend, 'gaussianMeanGradient', inputs, (inputs.mean as TensorInfo).shape),
  ],
]);
