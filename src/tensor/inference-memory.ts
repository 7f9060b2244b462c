import { inferenceModule } from './simd/generated/inference.ts';
import { Heap } from './simd/heap.ts';

/**
 * Computes one dense layer on rows, in double precision; pointers are byte offsets.
 *
 * @param input - float32, shape `[rows, K]`. @param weights - float64, shape `[N/8, K, 8]`. @param bias - float64, shape `[N]`.
 * @param output - float32, shape `[rows, N]`, overwritten. @param inputSize - K. @param groups - N/8.
 */
export type LinearKernel = (
  input: number,
  weights: number,
  bias: number,
  output: number,
  rows: number,
  inputSize: number,
  groups: number,
) => void;

const PAGE = 65536;
const INITIAL_PAGES = 32;
/** A little less than 4 GiB, what 32-bit pointers reach. */
const MAXIMUM_BYTES = 65535 * PAGE;

/**
 * The memory that weights of acting networks lie in, and what computes there: a WebAssembly kernel of two doubles at a
 * time, or where the engine has no such instructions the same sums in JavaScript, to the same bits.
 */
export class InferenceMemory {
  readonly #heap: Heap;
  /** What to give back once its owner is gone. */
  readonly #returned: FinalizationRegistry<{ readonly pointer: number; readonly bytes: number }>;
  #scratch = { input: 0, inputBytes: 0, output: 0, outputBytes: 0 };
  readonly linear: LinearKernel;

  /** @param plain - computes in JavaScript, whatever the engine has. */
  constructor(plain = false) {
    const memory = new WebAssembly.Memory({ initial: INITIAL_PAGES });
    const heap = new Heap(memory, PAGE, MAXIMUM_BYTES, {
      what: 'the networks that act are out of memory',
      remedy: 'load fewer or smaller policies at once',
    });
    this.#heap = heap;
    this.#returned = new FinalizationRegistry(({ bytes, pointer }) => heap.release(pointer, bytes));
    this.linear = (plain ? undefined : compiledKernel(memory)) ?? plainKernel(heap);
  }

  /** The whole memory as floats; read it anew after anything that may take memory. */
  get f32(): Float32Array {
    return this.#heap.f32;
  }

  /**
   * Copies numbers into the memory, in double precision, for as long as their owner lives.
   *
   * @returns their pointer.
   * @throws BackendError when the memory is exhausted.
   */
  keep(owner: object, values: Float64Array): number {
    const bytes = values.byteLength;
    const pointer = this.#heap.allocate(bytes);
    new Float64Array(this.#heap.f32.buffer, pointer, values.length).set(values);
    this.#returned.register(owner, { pointer, bytes });
    return pointer;
  }

  /** Finds room for what goes into the kernel and what comes out of it, until the next call. */
  room(inputBytes: number, outputBytes: number): { readonly input: number; readonly output: number } {
    const scratch = this.#scratch;
    if (scratch.inputBytes >= inputBytes && scratch.outputBytes >= outputBytes) return scratch;
    const [more, out] = [
      Math.max(scratch.inputBytes, inputBytes),
      Math.max(scratch.outputBytes, outputBytes),
    ];
    this.#scratch = {
      ...{ input: this.#heap.allocate(more), inputBytes: more },
      ...{ output: this.#heap.allocate(out), outputBytes: out },
    };
    if (scratch.inputBytes > 0) {
      this.#heap.release(scratch.input, scratch.inputBytes);
      this.#heap.release(scratch.output, scratch.outputBytes);
    }
    return this.#scratch;
  }
}

/** Compiles the kernel; undefined where the engine lacks its instructions, or forbids compiling. */
function compiledKernel(memory: WebAssembly.Memory): LinearKernel | undefined {
  const binary = Uint8Array.from(atob(inferenceModule), (c) => c.charCodeAt(0));
  try {
    const instance = new WebAssembly.Instance(new WebAssembly.Module(binary), { env: { memory } });
    return instance.exports.linear as LinearKernel;
  } catch (error) {
    if (error instanceof WebAssembly.CompileError) return undefined;
    throw error;
  }
}

/** Makes the kernel in JavaScript: four sums side by side, each in the order of the inputs. */
function plainKernel(heap: Heap): LinearKernel {
  return (input, weights, bias, output, rows, inputSize, groups) => {
    const { f32 } = heap;
    const f64 = new Float64Array(f32.buffer);
    for (let row = 0; row < rows; row++) {
      const x = input / 4 + row * inputSize;
      const out = output / 4 + row * groups * 8;
      for (let n = 0; n < groups * 8; n += 4) {
        let w = weights / 8 + (n >> 3) * inputSize * 8 + (n & 4);
        let s0 = 0;
        let s1 = 0;
        let s2 = 0;
        let s3 = 0;
        for (let k = 0; k < inputSize; k++) {
          const a = f32[x + k] as number;
          s0 += a * (f64[w] as number);
          s1 += a * (f64[w + 1] as number);
          s2 += a * (f64[w + 2] as number);
          s3 += a * (f64[w + 3] as number);
          w += 8;
        }
        const b = bias / 8 + n;
        f32[out + n] = s0 + (f64[b] as number);
        f32[out + n + 1] = s1 + (f64[b + 1] as number);
        f32[out + n + 2] = s2 + (f64[b + 2] as number);
        f32[out + n + 3] = s3 + (f64[b + 3] as number);
      }
    }
  };
}

let shared: InferenceMemory | undefined;

/** The memory of this thread's acting networks. */
export function inferenceMemory(): InferenceMemory {
  shared ??= new InferenceMemory();
  return shared;
}
