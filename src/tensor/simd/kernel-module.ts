import { BackendError } from '../../errors.ts';
import { kernelModules } from './generated/kernels.ts';

/** What a compiled build of the kernels exports; pointers are byte offsets into its memory. */
export interface KernelExports {
  runHere(kernel: number, argumentsAt: number, units: number, scratch: number): void;
  runShared(
    control: number,
    kernel: number,
    argumentsAt: number,
    units: number,
    unitsPerTask: number,
    tasks: number,
    scratch: number,
  ): void;
  finished(control: number, spins: number): number;
  readonly __heap_base: WebAssembly.Global;
}

/** A build of the kernels together with the memory that tensors live in. */
export interface KernelModule {
  readonly module: WebAssembly.Module;
  readonly memory: WebAssembly.Memory;
  readonly exports: KernelExports;
  /** Memory is shared between threads. */
  readonly shared: boolean;
  /** Multiply-adds round once, on processors that have them. */
  readonly relaxed: boolean;
  readonly maximumBytes: number;
}

const PAGE = 65536;
const LARGEST = 65536 * PAGE;

/** Marks an imported memory as private, with a maximum (WebAssembly specification, binary format of limits). */
const PRIVATE_MEMORY = 1;

/** Decodes a build; atomic operations are as valid on private memory, where only the worker's wait would trap. */
function decode(build: keyof typeof kernelModules, shared: boolean): Uint8Array<ArrayBuffer> {
  const { base64, memoryKindAt } = kernelModules[build];
  const binary = Uint8Array.from(atob(base64), (c) => c.charCodeAt(0));
  if (!shared) binary[memoryKindAt] = PRIVATE_MEMORY;
  return binary;
}

/** True where the engine accepts the build; Node 20 has relaxed SIMD behind a flag that can still be set. */
async function accepts(binary: Uint8Array<ArrayBuffer>, relaxed: boolean): Promise<boolean> {
  if (WebAssembly.validate(binary)) return true;
  if (!relaxed || typeof process === 'undefined' || !process.versions?.node) return false;
  const v8 = await import('node:v8');
  v8.setFlagsFromString('--experimental-wasm-relaxed-simd');
  return WebAssembly.validate(binary);
}

/** Reserves the largest memory that the system grants, up to the limit asked for. */
function reserve(
  shared: boolean,
  maximumBytes: number,
): { memory: WebAssembly.Memory; maximumBytes: number } {
  for (let bytes = Math.min(maximumBytes, LARGEST); ; bytes = Math.floor(bytes / 2)) {
    const maximum = Math.max(64, Math.ceil(bytes / PAGE));
    try {
      const memory = new WebAssembly.Memory({ initial: 64, maximum, shared });
      return { memory, maximumBytes: maximum * PAGE };
    } catch (cause) {
      if (maximum > 4096) continue;
      throw new BackendError(
        {
          what: 'no memory could be reserved for the simd backend',
          expected: `at least ${maximum * PAGE} bytes of address space`,
          remedy: 'free memory, raise the limit of the process, or use the js backend',
        },
        { cause },
      );
    }
  }
}

/**
 * Compiles the kernels and reserves their memory: shared where the engine allows it, else for one thread.
 *
 * @param options.relaxed - asks for relaxed SIMD; the plain build is taken where it is missing.
 * @param options.maximumBytes - the most memory that tensors may take; at most 4 GiB.
 * @throws BackendError where WebAssembly SIMD is missing or no memory can be reserved.
 */
export async function loadKernelModule(options: {
  readonly relaxed: boolean;
  readonly maximumBytes: number;
}): Promise<KernelModule> {
  // `typeof` because the global itself is missing in pages without cross-origin isolation
  const shared = typeof SharedArrayBuffer !== 'undefined';
  let relaxed = options.relaxed && shared;
  let binary = decode(relaxed ? 'relaxed' : 'plain', shared);
  if (relaxed && !(await accepts(binary, true))) {
    relaxed = false;
    binary = decode('plain', shared);
  }
  if (!(await accepts(binary, false))) {
    throw new BackendError({
      what: 'the simd backend cannot run: this engine lacks 128-bit WebAssembly SIMD',
      remedy: 'use Node 20 or newer, a current browser, or the js backend',
    });
  }
  const { memory, maximumBytes } = reserve(shared, options.maximumBytes);
  const module = await WebAssembly.compile(binary);
  const instance = await WebAssembly.instantiate(module, { env: { memory } });
  const exports = instance.exports as unknown as KernelExports;
  return { module, memory, exports, shared, relaxed, maximumBytes };
}
