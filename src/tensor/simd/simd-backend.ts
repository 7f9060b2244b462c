import { tf } from '../tf.ts';
import { kernelNumbers } from './generated/kernels.ts';
import type { Heap } from './heap.ts';
import type { WorkerPool } from './worker-pool.ts';

/** The name under which the backend is registered. */
export const SIMD_BACKEND = 'simd';

/** The name of a compiled kernel. */
export type KernelName = keyof typeof kernelNumbers;

/** Anything that stands for a tensor inside a kernel. */
export type TensorInfo = tf.TensorInfo;
type DataId = TensorInfo['dataId'];
type Values = tf.backend_util.BackendValues;

/** Bytes reserved for the argument words of the kernel that runs. */
export const ARGUMENT_BYTES = 1024;

let dataIds = 0;
/** tfjs keys tensors by the identity of this object. */
const newDataId = (): DataId => ({ id: dataIds++ });

/** The numbers of one tensor: a JavaScript array until a kernel touches it, then a block of the heap. */
class Entry {
  readonly dtype: tf.DataType;
  refCount: number;
  /** Set by tfjs for complex tensors. */
  complexTensorInfos?: { real: TensorInfo; imag: TensorInfo };
  pointer = 0;
  readonly #heap: Heap;
  /** Elements in the block. */
  length = 0;
  /** A second block of the same size that lives as long as this one: what a backward pass needs. */
  attached = 0;
  #array: Values | null;

  constructor(heap: Heap, dtype: tf.DataType, refCount: number, array: Values | null) {
    this.#heap = heap;
    this.dtype = dtype;
    this.refCount = refCount;
    this.#array = array;
  }

  /** The values as tfjs's own kernels read them: for a block of the heap a live view, never kept. */
  get values(): Values {
    if (this.pointer === 0) return this.#array as Values;
    const { pointer, length } = this;
    if (this.dtype === 'float32') return this.#heap.f32.subarray(pointer / 4, pointer / 4 + length);
    if (this.dtype === 'int32') return this.#heap.i32.subarray(pointer / 4, pointer / 4 + length);
    return this.#heap.u8.subarray(pointer, pointer + length);
  }

  get bytes(): number {
    return this.dtype === 'bool' ? this.length : this.length * 4;
  }

  /** Moves the values into the heap if they are not there. */
  place(): number {
    if (this.pointer !== 0) return this.pointer;
    const array = this.#array as ArrayLike<number>;
    this.reserve(array.length);
    const { pointer, length } = this;
    if (this.dtype === 'float32') this.#heap.f32.set(array, pointer / 4);
    else if (this.dtype === 'int32') this.#heap.i32.set(array, pointer / 4);
    else this.#heap.u8.set(array, pointer);
    this.length = length;
    return pointer;
  }

  /** Takes a block for this many elements, with whatever was in it. */
  reserve(length: number): void {
    const bytes = this.dtype === 'bool' ? length : length * 4;
    this.pointer = this.#heap.allocate(bytes);
    this.length = length;
    this.#array = null;
  }

  release(): void {
    if (this.pointer !== 0) this.#heap.release(this.pointer, this.bytes);
    if (this.attached !== 0) this.#heap.release(this.attached, this.bytes);
    this.pointer = 0;
    this.attached = 0;
  }

  attach(): number {
    this.attached = this.#heap.allocate(this.bytes);
    return this.attached;
  }
}

/**
 * A tfjs backend over WebAssembly SIMD kernels and worker threads. It extends the CPU backend: every kernel of
 * that backend works on its tensors too, so that only the hot ones need a kernel of their own.
 */
export class SimdBackend extends tf.MathBackendCPU {
  readonly heap: Heap;
  readonly pool: WorkerPool;
  readonly #arguments: number;
  readonly #entries = this.data as unknown as {
    get(id: DataId): Entry;
    set(id: DataId, entry: Entry): void;
    has(id: DataId): boolean;
    delete(id: DataId): boolean;
  };

  /** @param argumentsAt - offset of ARGUMENT_BYTES bytes for the arguments of kernels. */
  constructor(heap: Heap, pool: WorkerPool, argumentsAt: number) {
    super();
    this.heap = heap;
    this.pool = pool;
    this.#arguments = argumentsAt;
  }

  /** Takes values from outside (tf.tensor): copied, since the caller may reuse its array. */
  override write(values: Values, _shape: number[], dtype: tf.DataType): DataId {
    const dataId = newDataId();
    this.#entries.set(dataId, this.#own(values, dtype, 1));
    return dataId;
  }

  override move(id: DataId, values: Values, _shape: number[], dtype: tf.DataType, refCount: number): void {
    this.#entries.set(id, this.#own(values, dtype, refCount));
  }

  #own(values: Values, dtype: tf.DataType, refCount: number): Entry {
    if (values === null || values === undefined || dtype === 'string' || dtype === 'complex64') {
      return new Entry(this.heap, dtype, refCount, values);
    }
    const entry = new Entry(this.heap, dtype, refCount, values);
    entry.place();
    return entry;
  }

  /** Takes the result of a kernel of the CPU backend: kept as it is, but for views of our own memory. */
  override makeTensorInfo(shape: number[], dtype: tf.DataType, values?: Values | string[]): TensorInfo {
    if (dtype === 'string' || values === undefined || values === null) {
      return super.makeTensorInfo(shape, dtype, values as Values);
    }
    const dataId = newDataId();
    const view = ArrayBuffer.isView(values) ? values : undefined;
    const entry =
      view !== undefined && !this.heap.owns(view)
        ? new Entry(this.heap, dtype, 1, values as Values)
        : this.#own(values as Values, dtype, 1);
    this.#entries.set(dataId, entry);
    return { dataId, shape, dtype };
  }

  /** Makes a tensor whose block a kernel is about to fill. */
  output(shape: number[], dtype: tf.DataType = 'float32'): TensorInfo {
    const entry = new Entry(this.heap, dtype, 1, null);
    entry.reserve(tf.util.sizeFromShape(shape));
    const dataId = newDataId();
    this.#entries.set(dataId, entry);
    return { dataId, shape, dtype };
  }

  /** Makes another tensor of the same values (a reshape); both share one block. */
  alias(x: TensorInfo, shape: number[]): TensorInfo {
    this.incRef(x.dataId);
    return { dataId: x.dataId, shape, dtype: x.dtype };
  }

  /** The byte offset of a tensor's values, which are moved into the heap if need be. */
  pointer(x: TensorInfo): number {
    return this.#entries.get(x.dataId).place();
  }

  /** Gives a tensor a second block of the same size, freed with it, and returns its byte offset. */
  attach(x: TensorInfo): number {
    return this.#entries.get(x.dataId).attach();
  }

  /** The byte offset of a tensor's second block. */
  attachment(x: TensorInfo): number {
    const { attached } = this.#entries.get(x.dataId);
    if (attached === 0) throw new Error('the tensor was made without what its gradient needs');
    return attached;
  }

  /** Always copies: tfjs hands the array to the user, and a view would change under them. */
  override readSync(dataId: DataId): Values {
    const entry = this.#entries.get(dataId);
    if (entry.pointer === 0) return super.readSync(dataId as never) as Values;
    // slice of a shared view would be shared memory too, which neither structuredClone nor the DOM accept
    const view = entry.values as Float32Array;
    const copy = new (view.constructor as Float32ArrayConstructor)(view.length);
    copy.set(view);
    return copy;
  }

  override async read(dataId: DataId): Promise<Values> {
    return this.readSync(dataId);
  }

  override disposeData(dataId: DataId, force = false): boolean {
    if (!this.#entries.has(dataId)) return true;
    const entry = this.#entries.get(dataId);
    if (!force && entry.refCount > 1) {
      entry.refCount--;
      return false;
    }
    const released = super.disposeData(dataId as never, force);
    if (released) entry.release();
    return released;
  }

  override memory(): { unreliable: boolean; reasons: string[] } & Record<string, unknown> {
    return {
      unreliable: false,
      reasons: [],
      heapLiveBytes: this.heap.liveBytes,
      heapTopBytes: this.heap.topBytes,
    };
  }

  /**
   * Runs a kernel.
   *
   * @param args - its argument words: integers and byte offsets.
   * @param units - how many independent units of work there are.
   * @param shared - whether it is large enough for worker threads.
   */
  run(kernel: KernelName, args: readonly number[], units: number, shared: boolean): void {
    const words = this.heap.i32;
    const at = this.#arguments >> 2;
    for (let i = 0; i < args.length; i++) words[at + i] = args[i] as number;
    this.pool.run(kernelNumbers[kernel], this.#arguments, units, shared);
  }

  /** Ends the worker threads. */
  override dispose(): void {
    this.pool.stop();
  }
}

const word = new DataView(new ArrayBuffer(4));

/** The bits of a float, for an argument word that a kernel reads as one. */
export function floatBits(x: number): number {
  word.setFloat32(0, x);
  return word.getInt32(0);
}
