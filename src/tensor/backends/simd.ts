import { BackendError } from '../../errors.ts';
import { tf } from '../tf.ts';
import type { ActiveBackend, BackendDriver, BackendFinding, BackendOptions } from './driver.ts';
import { setTfjsBackend } from './js.ts';
import { cpuName } from './node.ts';

const versions = { '@tensorflow/tfjs': tf.version.tfjs };

/** What registered the backend that runs in this process: starting it anew would lose every tensor in it. */
let running: { readonly options: string; readonly active: ActiveBackend } | undefined;

async function register(options: BackendOptions): Promise<ActiveBackend> {
  const { registerSimdBackend } = await import('../simd/register.ts');
  const { threads, deterministic = true } = options;
  const report = await registerSimdBackend({
    ...(threads === undefined ? {} : { threads }),
    relaxed: !deterministic,
  });
  return {
    tfjsName: 'simd',
    device: await cpuName(),
    software: false,
    versions,
    threads: report.threads,
    deterministic: !report.relaxed,
    notes: report.notes,
  };
}

/** Our own backend: WebAssembly kernels with 128-bit SIMD, on worker threads. */
export const simdDriver: BackendDriver = {
  name: 'simd',
  gradientTolerance: 1e-4,

  async probe(): Promise<BackendFinding> {
    try {
      // the smallest memory that the loader knows: nothing is kept
      const { loadKernelModule } = await import('../simd/kernel-module.ts');
      await loadKernelModule({ relaxed: false, maximumBytes: 2 ** 22 });
    } catch (error) {
      const report = error instanceof BackendError ? error.report : undefined;
      return {
        available: false,
        missing: report?.what ?? `its kernels do not load: ${error instanceof Error ? error.message : error}`,
        remedy: report?.remedy ?? 'npm run build',
      };
    }
    return { available: true, device: await cpuName(), software: false, versions };
  },

  async activate(options: BackendOptions): Promise<ActiveBackend> {
    const key = JSON.stringify([options.threads, options.deterministic ?? true]);
    if (running?.options !== key || tf.findBackend('simd') === null) {
      running = { options: key, active: await register(options) };
    }
    await setTfjsBackend('simd');
    return running.active;
  },
};
