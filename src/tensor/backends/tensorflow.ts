import { BackendError } from '../../errors.ts';
import { tf } from '../tf.ts';
import type { ActiveBackend, BackendDriver, BackendFinding } from './driver.ts';
import { setTfjsBackend } from './js.ts';
import { cpuName, findPackage, isNode, runIsolated, runProgram } from './node.ts';

/** What the backend object of tfjs-node tells beyond tfjs's own interface. */
interface NodeBackend {
  readonly isGPUPackage: boolean;
  readonly isUsingGpuDevice: boolean;
  readonly binding: { readonly TF_Version: string };
}

/** What the isolated probe prints. */
interface Probed {
  readonly gpu: boolean;
  readonly tensorflow: string;
  readonly addon: string;
}

const tfjsName = 'tensorflow';

const remedies = {
  native:
    'npm install @tensorflow/tfjs-node (its install script downloads libtensorflow for Linux, macOS or Windows on x64); ' +
    "or run without it: --backend simd needs nothing beyond 'npm install'",
  cuda:
    'on Linux x64 with an NVIDIA driver: install CUDA 11.2 and cuDNN 8.1, put both on LD_LIBRARY_PATH, then ' +
    'npm install @tensorflow/tfjs-node-gpu; docs/gpu.md goes through it',
} as const;

/** Puts back what tfjs-node 4.22 calls and Node 23 removed (tensorflow/tfjs#8609: fixed there, not released). */
function restoreRemovedUtil(require: NodeJS.Require): void {
  const util = require('node:util') as { isNullOrUndefined?: (value: unknown) => boolean };
  util.isNullOrUndefined ??= (value) => value === null || value === undefined;
}

/** Asks the NVIDIA driver for its GPU; undefined where there is no driver. */
async function nvidiaGpu(): Promise<string | undefined> {
  const query = ['--query-gpu=name,driver_version', '--format=csv,noheader'];
  const outcome = await runProgram('nvidia-smi', query, 10_000);
  return outcome.ok && outcome.lastLine !== '' ? outcome.lastLine : undefined;
}

/**
 * Tells whether an installed package has its native addon: an install without install scripts, or one whose download failed,
 * leaves the JavaScript alone.
 */
async function hasAddon(entry: string): Promise<boolean> {
  const { existsSync, readdirSync } = await import('node:fs');
  const { dirname, join } = await import('node:path');
  const library = join(dirname(dirname(entry)), 'lib');
  if (!existsSync(library)) return false;
  return readdirSync(library).some((abi) => existsSync(join(library, abi, 'tfjs_binding.node')));
}

/** Loads a package in a process of its own and lets it tell what it runs on. */
function probeIsolated(entry: string): ReturnType<typeof runIsolated> {
  return runIsolated(
    `import { createRequire } from 'node:module';
     const require = createRequire(${JSON.stringify(entry)});
     require('node:util').isNullOrUndefined ??= (value) => value === null || value === undefined;
     const tf = require(${JSON.stringify(entry)});
     const backend = tf.backend();
     console.log(JSON.stringify({ gpu: backend.isUsingGpuDevice, tensorflow: backend.binding.TF_Version,
       addon: tf.version['tfjs-node'] }));`,
  );
}

/** Runs TensorFlow through Node's native interface: `native` on the CPU, `cuda` on an NVIDIA GPU. */
function tensorflowDriver(name: 'native' | 'cuda'): BackendDriver {
  const wantsGpu = name === 'cuda';
  const packageName = wantsGpu ? '@tensorflow/tfjs-node-gpu' : '@tensorflow/tfjs-node';
  const remedy = remedies[name];
  const noGpu = 'the package loads, but TensorFlow found no GPU and would run on the CPU';

  async function describe(tensorflow: string, addon: string) {
    const device = wantsGpu ? ((await nvidiaGpu()) ?? 'NVIDIA GPU') : await cpuName();
    return { device, software: false, versions: { [packageName]: addon, libtensorflow: tensorflow } };
  }

  return {
    name,
    // TensorFlow multiplies in TF32 (10 bits of mantissa) on GPUs from Ampere on
    gradientTolerance: wantsGpu ? 5e-3 : 1e-4,

    async probe(): Promise<BackendFinding> {
      const lacks = (missing: string, cure = remedy): BackendFinding => ({
        available: false,
        missing,
        remedy: cure,
      });
      if (!isNode) return lacks('it runs in Node only, not in a page');
      const entry = await findPackage(packageName);
      if (entry === undefined) {
        const gpu = wantsGpu ? await nvidiaGpu() : undefined;
        const seen = gpu === undefined ? '' : ` (the driver reports ${gpu})`;
        return lacks(`the package ${packageName} is not installed${seen}`);
      }
      const rebuild = `npm rebuild ${packageName}, which downloads its library; else ${remedy}`;
      if (!(await hasAddon(entry)))
        return lacks(`${packageName} is installed without its native library`, rebuild);
      const outcome = await probeIsolated(entry);
      if (!outcome.ok) return lacks(`${packageName} does not load: ${outcome.reason}`, rebuild);
      const probed = JSON.parse(outcome.lastLine) as Probed;
      if (wantsGpu && !probed.gpu) return lacks(noGpu);
      return { available: true, ...(await describe(probed.tensorflow, probed.addon)) };
    },

    async activate(): Promise<ActiveBackend> {
      const { createRequire } = await import('node:module');
      const require = createRequire(import.meta.url);
      restoreRemovedUtil(require);
      let addon: string;
      try {
        // required, not imported: the package is optional, and neither compiler nor bundler may insist on it
        const loaded = require(packageName) as { version: Readonly<Record<string, string>> };
        addon = loaded.version['tfjs-node'] ?? 'unknown';
      } catch (cause) {
        const found = cause instanceof Error ? cause.message : String(cause);
        const what = `Backend '${name}' does not load`;
        throw new BackendError({ what, where: packageName, found, remedy }, { cause });
      }
      await setTfjsBackend(tfjsName);
      const backend = tf.backend() as unknown as NodeBackend;
      if (backend.isGPUPackage !== wantsGpu) {
        throw new BackendError({
          what: `Backend '${name}' cannot start: its sibling is loaded already, and one process can hold only one`,
          remedy: `start a new process with --backend ${name}`,
        });
      }
      if (wantsGpu && !backend.isUsingGpuDevice) {
        throw new BackendError({ what: "Backend 'cuda' cannot run here", found: noGpu, remedy });
      }
      return {
        tfjsName,
        ...(await describe(backend.binding.TF_Version, addon)),
        deterministic: false,
        notes: [],
      };
    },
  };
}

/** TensorFlow's C library on the CPU, through `@tensorflow/tfjs-node`. */
export const nativeDriver = tensorflowDriver('native');

/** TensorFlow's C library on an NVIDIA GPU, through `@tensorflow/tfjs-node-gpu`; a CPU fallback is an error. */
export const cudaDriver = tensorflowDriver('cuda');
