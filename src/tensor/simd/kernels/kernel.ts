import { tf } from '../../tf.ts';
import type { SimdBackend, TensorInfo } from '../simd-backend.ts';

/** What tfjs hands to a kernel. */
export interface KernelCall {
  readonly inputs: Readonly<Record<string, TensorInfo>>;
  readonly backend: SimdBackend;
  readonly attrs: Readonly<Record<string, unknown>>;
}

/** A kernel of this backend; registered under its tfjs name. */
export type Kernel = (call: KernelCall) => TensorInfo | TensorInfo[];

/** Elementwise work below this many elements stays on the calling thread. */
export const SHARED_ELEMENTS = 65_536;
/** Products below this many floating-point operations stay on the calling thread. */
export const SHARED_FLOPS = 400_000;

/** Runs tfjs's own CPU kernel on our tensors: for the data types and ranks that ours leaves out. */
export function fallback(name: string, call: KernelCall): TensorInfo | TensorInfo[] {
  const kernel = tf.getKernel(name, 'cpu');
  return kernel.kernelFunc({
    inputs: call.inputs as tf.NamedTensorInfoMap,
    backend: call.backend,
    attrs: call.attrs as tf.NamedAttrMap,
  });
}

/** The product of the sizes. */
export const sizeOf = (shape: readonly number[]): number => tf.util.sizeFromShape(shape as number[]);
