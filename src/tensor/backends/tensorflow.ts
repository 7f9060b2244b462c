import { BackendError } from '../../errors.ts';
import { tf } from '../tf.ts';
import type { ActiveBackend, BackendDriver, BackendFinding } from './driver.ts';
import { setTfjsBackend } from './js.ts';
import { cpuName, findPackage, isNode, runIsolated, runProgram } from './node.ts';

/** What the backend object of tfjs-node tells beyond tfjs's own interface. */
interface NodeBackend {
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
    'npm install @tensorflow/tfjs-node (its install script downloads libtensorflow; Node 20 or 22 on x64 or arm64); ' +
    "or run without it: --backend simd needs nothing beyond 'npm install'",
  cuda:
    'on Linux x64 with an NVIDIA driver: install CUDA 11.2 and cuDNN 8.1, put both on LD_LIBRARY_PATH, then ' +
    'npm install @tensorflow/tfjs-node-gpu; docs/gpu.md goes through it',
} as const;

/** Restores what tfjs-node 4.22 calls and Node 23 removed (tensorflow/tfjs#8609, fixed there but not released). */
const restoreRemovedUtil =
  "import { createRequire } from 'node:module';" +
  "const util = createRequire('file:///')('node:util');" +
  'util.isNullOrUndefined ??= (value) => value === null || value === undefined;';

async function restoreUtil(): Promise<void> {
  const { createRequire } = await import('node:module');
  const util = createRequire(import.meta.url)('node:util') as {
    isNullOrUndefined?: (value: unknown) => boolean;
  };
  util.isNullOrUndefined ??= (value) => value === null || value === undefined;
}

/** Asks the NVIDIA driver for its first GPU; undefined where there is no driver. */
async function nvidiaGpu(): Promise<string | undefined> {
  const query = ['--query-gpu=name,driver_version', '--format=csv,noheader'];
  const outcome = await runProgram('nvidia-smi', query, 10_000);
  return outcome.ok && outcome.lastLine !== '' ? outcome.lastLine : undefined;
}

/** Runs TensorFlow through Node's native interface: `native` on the CPU, `cuda` on an NVIDIA GPU. */
function tensorflowDriver(name: 'native' | 'cuda'): BackendDriver {
  const packageName = name === 'cuda' ? '@tensorflow/tfjs-node-gpu' : '@tensorflow/tfjs-node';
  const remedy = remedies[name];
  const noGpu = 'the package loads, but TensorFlow found no GPU and would run on the CPU';

  async function describe(gpu: boolean, tensorflow: string, addon: string) {
    const device = gpu ? ((await nvidiaGpu()) ?? 'NVIDIA GPU') : await cpuName();
    return { device, software: false, versions: { [packageName]: addon, libtensorflow: tensorflow } };
  }

  return {
    name,
    // TensorFlow multiplies in TF32 (10 bits of mantissa) on GPUs from Ampere on
    gradientTolerance: name === 'cuda' ? 5e-3 : 1e-4,

    async probe(): Promise<BackendFinding> {
      if (!isNode)
        return { available: false, missing: 'it runs in Node only', remedy: 'use webgpu in a page' };
      const entry = await findPackage(packageName);
      if (entry === undefined) {
        const gpu = name === 'cuda' ? await nvidiaGpu() : undefined;
        const seen = gpu === undefined ? '' : ` (the driver reports ${gpu})`;
        return { available: false, missing: `the package ${packageName} is not installed${seen}`, remedy };
      }
      const { pathToFileURL } = await import('node:url');
      const outcome = await runIsolated(
        `${restoreRemovedUtil}
         const { default: tf } = await import(${JSON.stringify(pathToFileURL(entry).href)});
         const backend = tf.backend();
         console.log(JSON.stringify({ gpu: backend.isUsingGpuDevice, tensorflow: backend.binding.TF_Version,
           addon: tf.version['tfjs-node'] }));`,
      );
      if (!outcome.ok)
        return { available: false, missing: `${packageName} does not load: ${outcome.reason}`, remedy };
      const probed = JSON.parse(outcome.lastLine) as Probed;
      if (name === 'cuda' && !probed.gpu) return { available: false, missing: noGpu, remedy };
      return { available: true, ...(await describe(name === 'cuda', probed.tensorflow, probed.addon)) };
    },

    async activate(): Promise<ActiveBackend> {
      await restoreUtil();
      let version: string;
      try {
        // a name in a variable: the package is optional, and neither the compiler nor a bundler may insist on it
        const { default: module } = (await import(/* @vite-ignore */ packageName)) as {
          default: { version: Readonly<Record<string, string>> };
        };
        version = module.version['tfjs-node'] ?? 'unknown';
      } catch (cause) {
        const found = cause instanceof Error ? cause.message : String(cause);
        throw new BackendError(
          { what: `Backend '${name}' does not load`, where: packageName, found, remedy },
          { cause },
        );
      }
      await setTfjsBackend(tfjsName);
      const backend = tf.backend() as unknown as NodeBackend & { readonly isGPUPackage: boolean };
      if (backend.isGPUPackage !== (name === 'cuda')) {
        throw new BackendError({
          what: `Backend '${name}' cannot start: its sibling is loaded already, and one process can hold only one`,
          remedy: `start a new process with --backend ${name}`,
        });
      }
      if (name === 'cuda' && !backend.isUsingGpuDevice) {
        throw new BackendError({ what: "Backend 'cuda' cannot run here", found: noGpu, remedy });
      }
      return {
        tfjsName,
        ...(await describe(name === 'cuda', backend.binding.TF_Version, version)),
        deterministic: false,
      };
    },
  };
}

/** TensorFlow's C library on the CPU, through `@tensorflow/tfjs-node`. */
export const nativeDriver = tensorflowDriver('native');

/** TensorFlow's C library on an NVIDIA GPU, through `@tensorflow/tfjs-node-gpu`; a CPU fallback is an error. */
export const cudaDriver = tensorflowDriver('cuda');
