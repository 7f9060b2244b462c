import { BackendError } from '../../errors.ts';
import { tf } from '../tf.ts';
import type { ActiveBackend, BackendDriver, BackendFinding } from './driver.ts';
import { setTfjsBackend } from './js.ts';
import { findPackage, isNode, packageVersion, runIsolated } from './node.ts';

const backendPackage = '@tensorflow/tfjs-backend-webgpu';
const dawnPackage = 'webgpu';

/** What WebGPU tells of an adapter. */
interface AdapterInfo {
  readonly vendor: string;
  readonly architecture: string;
  readonly device: string;
  readonly description: string;
  readonly isFallbackAdapter?: boolean;
}

/** The parts of WebGPU's interface used here; its types are not among TypeScript's own. */
interface Gpu {
  requestAdapter(options: {
    powerPreference: 'high-performance';
  }): Promise<{ readonly info: AdapterInfo } | null>;
}

const nodeRemedy =
  'install a Vulkan driver of the GPU and its loader (Debian: apt install libvulkan1 mesa-vulkan-drivers, or the ' +
  "vendor's driver); docs/gpu.md goes through it; --backend simd needs no GPU";
const pageRemedy =
  'use a browser with WebGPU switched on (chrome://gpu tells) over https or localhost; simd needs no GPU';

/** Tells a CPU that emulates a GPU from a real one, by the names that emulators give themselves. */
export function isSoftwareAdapter(info: AdapterInfo): boolean {
  const names = `${info.vendor} ${info.architecture} ${info.device} ${info.description}`;
  return (
    info.isFallbackAdapter === true ||
    /swiftshader|llvmpipe|lavapipe|softpipe|basic render|\bwarp\b/i.test(names)
  );
}

function describeAdapter(info: AdapterInfo): string {
  return [info.vendor, info.architecture, info.description || info.device]
    .filter((part) => part !== '')
    .join(' ');
}

/** Asks for an adapter without risk: in Node in a child process, since the native library may crash its process. */
async function findAdapter(): Promise<AdapterInfo | string> {
  if (!isNode) {
    const gpu = (navigator as { gpu?: Gpu }).gpu;
    if (gpu === undefined) return 'this browser has no WebGPU';
    const adapter = await gpu.requestAdapter({ powerPreference: 'high-performance' });
    return adapter?.info ?? 'the browser offers no GPU adapter';
  }
  const entry = await findPackage(dawnPackage);
  if (entry === undefined) return `the package ${dawnPackage} is not installed (npm install ${dawnPackage})`;
  const { pathToFileURL } = await import('node:url');
  const outcome = await runIsolated(
    `const { create } = await import(${JSON.stringify(pathToFileURL(entry).href)});
     const adapter = await create([]).requestAdapter({ powerPreference: 'high-performance' });
     const info = adapter?.info;
     console.log(JSON.stringify(info === undefined ? null : { vendor: info.vendor, architecture: info.architecture,
       device: info.device, description: info.description, isFallbackAdapter: info.isFallbackAdapter === true }));
     process.exit(0);`,
  );
  if (!outcome.ok) return `the package ${dawnPackage} does not run here: ${outcome.reason}`;
  return (JSON.parse(outcome.lastLine) as AdapterInfo | null) ?? 'no Vulkan driver offers an adapter';
}

/** Gives Node a `navigator.gpu`, where tfjs looks for it. */
async function installGpu(): Promise<void> {
  if (!isNode || (globalThis.navigator as { gpu?: Gpu } | undefined)?.gpu !== undefined) return;
  const { create, globals } = (await import(/* @vite-ignore */ dawnPackage)) as {
    create: (flags: string[]) => Gpu;
    globals: Record<string, unknown>;
  };
  Object.assign(globalThis, globals);
  // Node 21 has a navigator of its own, whose properties cannot be assigned but can be defined
  const holder = globalThis.navigator ?? {};
  Object.defineProperty(holder, 'gpu', { value: create([]), configurable: true });
  if (globalThis.navigator === undefined) {
    Object.defineProperty(globalThis, 'navigator', { value: holder, configurable: true });
  }
}

async function versions(): Promise<Record<string, string>> {
  if (!isNode) return { '@tensorflow/tfjs': tf.version.tfjs };
  return {
    [backendPackage]: await packageVersion(backendPackage),
    [dawnPackage]: await packageVersion(dawnPackage),
  };
}

/** Any GPU with a WebGPU driver, through the browser or, in Node, through Dawn. */
export const webgpuDriver: BackendDriver = {
  name: 'webgpu',
  gradientTolerance: 1e-4,

  async probe(): Promise<BackendFinding> {
    const remedy = isNode ? nodeRemedy : pageRemedy;
    if (isNode && (await findPackage(backendPackage)) === undefined) {
      const missing = `the package ${backendPackage} is not installed`;
      return { available: false, missing, remedy: `npm install ${backendPackage} ${dawnPackage}` };
    }
    const adapter = await findAdapter();
    if (typeof adapter === 'string') return { available: false, missing: adapter, remedy };
    return {
      available: true,
      device: describeAdapter(adapter),
      software: isSoftwareAdapter(adapter),
      versions: await versions(),
    };
  },

  async activate(): Promise<ActiveBackend> {
    const finding = await this.probe();
    if (!finding.available) {
      const { missing, remedy } = finding;
      throw new BackendError({ what: "Backend 'webgpu' cannot run here", found: missing, remedy });
    }
    await installGpu();
    // the module registers its backend when it loads and only where navigator.gpu is there already
    await import('@tensorflow/tfjs-backend-webgpu');
    await setTfjsBackend('webgpu');
    const { device, software } = finding;
    return {
      tfjsName: 'webgpu',
      device,
      software,
      versions: finding.versions,
      deterministic: false,
      notes: [],
    };
  },
};
