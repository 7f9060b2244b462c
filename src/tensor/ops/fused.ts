import { tf } from '../tf.ts';

/**
 * True where a fused kernel should run: the active backend has it, and no second derivative is being taken (the
 * kernels have first derivatives only; plain operations have all).
 */
export function hasFusedKernel(name: string): boolean {
  return gradientDepth() <= 1 && tf.getKernel(name, tf.getBackend()) !== undefined;
}

/** True while a gradient is being recorded. */
export function isRecording(): boolean {
  return gradientDepth() > 0;
}

function gradientDepth(): number {
  return tf.engine().state.gradientDepth;
}

/** Runs a kernel of ours that tfjs has no operation for. */
export function runFused<T extends tf.Tensor | tf.Tensor[]>(
  name: string,
  inputs: Readonly<Record<string, tf.Tensor>>,
  attributes: object = {},
): T {
  return tf
    .engine()
    .runKernel(name, inputs as tf.NamedTensorMap, attributes as unknown as tf.NamedAttrMap) as T;
}
