import { tf } from '../tf.ts';

/** True where the active backend has a kernel of this name. */
export function hasFusedKernel(name: string): boolean {
  return tf.getKernel(name, tf.getBackend()) !== undefined;
}

/** True while a gradient is being recorded. */
export function isRecording(): boolean {
  return tf.engine().state.gradientDepth > 0;
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
