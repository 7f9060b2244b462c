import { BackendError } from '../../errors.ts';
import { nearestName } from '../../nearest-name.ts';
import { tf } from '../tf.ts';
import { Heap } from './heap.ts';
import { loadKernelModule } from './kernel-module.ts';
import { ADAM_UPDATE, adamUpdate } from './kernels/adam.ts';
import { convolutionKernels } from './kernels/convolution.ts';
import { denseKernels } from './kernels/dense.ts';
import { elementwiseKernels } from './kernels/elementwise.ts';
import type { Kernel } from './kernels/kernel.ts';
import { likelihoodKernels } from './kernels/likelihood.ts';
import { matMulKernels } from './kernels/mat-mul.ts';
import { movementKernels } from './kernels/movement.ts';
import { normalizationKernels } from './kernels/normalize.ts';
import { reductionKernels } from './kernels/reduce.ts';
import { ARGUMENT_BYTES, SIMD_BACKEND, SimdBackend } from './simd-backend.ts';
import { CONTROL_BYTES, SCRATCH_BYTES, WorkerPool } from './worker-pool.ts';

/** How the backend should run. */
export interface SimdOptions {
  /** Threads, the calling one included. Default: the number of cores. */
  readonly threads?: number;
  /**
   * Fused multiply-adds where the engine has them: faster, but the low bits then depend on the processor.
   * Default false: every engine and any number of threads give the same bits.
   */
  readonly relaxed?: boolean;
  /** The most memory for tensors; default and most 4 GiB. */
  readonly maximumBytes?: number;
}

/** How the backend runs. */
export interface SimdReport {
  readonly threads: number;
  /** Multiply-adds are fused; results then are not bit-equal between processors. */
  readonly relaxed: boolean;
  /** False where the page is not cross-origin isolated: tensors are then private to the one thread. */
  readonly sharedMemory: boolean;
  readonly maximumBytes: number;
  /** What was asked for and could not be had, in words. */
  readonly notes: readonly string[];
}

const MOST_THREADS = 64;

/** Our own kernels by the names that tfjs or {@link runFused} calls them. */
export const simdKernels: ReadonlyMap<string, Kernel> = new Map([
  ...elementwiseKernels,
  ...matMulKernels,
  ...reductionKernels,
  ...movementKernels,
  ...convolutionKernels,
  ...denseKernels,
  ...likelihoodKernels,
  ...normalizationKernels,
  [ADAM_UPDATE, adamUpdate],
]);

/** Registers all kernels: ours, and the CPU backend's for the rest. */
function registerKernels(): void {
  if (tf.getKernelsForBackend(SIMD_BACKEND).length > 0) return;
  for (const { kernelName, kernelFunc } of tf.getKernelsForBackend('cpu')) {
    if (!simdKernels.has(kernelName))
      tf.registerKernel({ kernelName, backendName: SIMD_BACKEND, kernelFunc });
  }
  nameMissingKernels();
  for (const [kernelName, kernel] of simdKernels) {
    tf.registerKernel({
      kernelName,
      backendName: SIMD_BACKEND,
      kernelFunc: kernel as unknown as tf.KernelFunc,
    });
  }
}

/** Makes a kernel that this backend lacks an error that names the operation which asked for it. */
function nameMissingKernels(): void {
  const engine = tf.engine();
  const { runKernel } = engine;
  engine.runKernel = <T extends tf.Tensor | tf.Tensor[]>(
    kernel: string,
    inputs: tf.NamedTensorMap,
    attributes?: tf.NamedAttrMap,
  ): T => {
    if (engine.backendName === SIMD_BACKEND && tf.getKernel(kernel, SIMD_BACKEND) === undefined) {
      const known = tf.getKernelsForBackend(SIMD_BACKEND).map(({ kernelName }) => kernelName);
      const nearest = nearestName(kernel, known);
      throw new BackendError({
        what: `The simd backend has no kernel '${kernel}'`,
        where: `tf.${engine.state.activeScope?.name || 'engine().runKernel'}`,
        found: kernel,
        ...(nearest === undefined ? {} : { expected: `did you mean '${nearest}'?` }),
        remedy: 'use another operation, or another backend for this part (tf.setBackend)',
      });
    }
    return runKernel.call(engine, kernel, inputs, attributes) as T;
  };
}

async function coreCount(): Promise<number> {
  if (typeof process !== 'undefined' && process.versions?.node) {
    return (await import('node:os')).availableParallelism();
  }
  return navigator.hardwareConcurrency;
}

/**
 * Starts the SIMD backend and registers it with tfjs as 'simd', in place of one that was registered before; the
 * caller then selects it with `tf.setBackend('simd')`.
 *
 * @returns how it runs, and in `notes` what could not be had.
 * @throws BackendError where it cannot run at all.
 */
export async function registerSimdBackend(options: SimdOptions = {}): Promise<SimdReport> {
  const relaxedWanted = options.relaxed ?? false;
  const kernels = await loadKernelModule({
    relaxed: relaxedWanted,
    maximumBytes: options.maximumBytes ?? 2 ** 32,
  });
  const wanted = Math.max(1, Math.min(MOST_THREADS, options.threads ?? (await coreCount())));
  const threads = kernels.shared ? wanted : 1;
  const heap = new Heap(
    kernels.memory,
    Number(kernels.exports.__heap_base?.value ?? 1024),
    kernels.maximumBytes,
  );
  const control = heap.allocate(CONTROL_BYTES);
  const argumentsAt = heap.allocate(ARGUMENT_BYTES);
  const scratch = Array.from({ length: threads }, () => heap.allocate(SCRATCH_BYTES));
  const pool = await WorkerPool.start(kernels, { control, scratch });
  registerKernels();
  const backend = new SimdBackend(heap, pool, argumentsAt);
  if (tf.findBackend(SIMD_BACKEND) !== null) tf.removeBackend(SIMD_BACKEND);
  tf.registerBackend(SIMD_BACKEND, () => backend, 5);
  const notes: string[] = [];
  if (!kernels.shared && wanted > 1) {
    notes.push(
      'one thread: shared memory is not allowed here (a page needs COOP same-origin, COEP require-corp)',
    );
  }
  if (relaxedWanted && !kernels.relaxed) {
    notes.push('plain multiply-adds: this engine has no relaxed SIMD');
  }
  return {
    threads,
    relaxed: kernels.relaxed,
    sharedMemory: kernels.shared,
    maximumBytes: kernels.maximumBytes,
    notes,
  };
}
