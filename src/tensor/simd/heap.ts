import { BackendError } from '../../errors.ts';

const PAGE = 65536;
const SMALLEST = 64;
/** Kernels may read up to this many bytes past a block: the end of the memory is never handed out. */
const SLACK = 256;

/** What is said when the memory is full. */
interface Exhaustion {
  readonly what: string;
  readonly remedy: string;
}

const backendExhausted: Exhaustion = {
  what: 'the simd backend is out of memory',
  remedy: 'use smaller batches or blocks, dispose of tensors (tf.tidy), or use another backend',
};

interface Region {
  start: number;
  bytes: number;
}

/**
 * Hands out blocks of one WebAssembly memory: a free list per size class, four classes an octave, over space that
 * is taken from the end of the memory, which grows. When the memory is full, free neighbours are merged and cut
 * anew. Blocks are 64-byte aligned.
 */
export class Heap {
  readonly #memory: WebAssembly.Memory;
  readonly #maximumBytes: number;
  readonly #exhaustion: Exhaustion;
  readonly #free: number[][] = [];
  #regions: Region[] = [];
  #top: number;
  #limit: number;
  #live = 0;
  #f32: Float32Array;
  #i32: Int32Array;
  #u8: Uint8Array;

  /**
   * @param start - the first byte that may be handed out.
   * @param maximumBytes - the most that the memory may grow to.
   */
  constructor(
    memory: WebAssembly.Memory,
    start: number,
    maximumBytes: number,
    exhaustion: Exhaustion = backendExhausted,
  ) {
    this.#memory = memory;
    this.#maximumBytes = maximumBytes;
    this.#exhaustion = exhaustion;
    this.#top = Math.ceil(start / SMALLEST) * SMALLEST;
    this.#limit = memory.buffer.byteLength - SLACK;
    this.#f32 = new Float32Array(memory.buffer);
    this.#i32 = new Int32Array(memory.buffer);
    this.#u8 = new Uint8Array(memory.buffer);
  }

  /** Bytes in blocks that are handed out. */
  get liveBytes(): number {
    return this.#live;
  }

  /** The end of the space that was ever handed out: the peak, fragmentation included. */
  get topBytes(): number {
    return this.#top;
  }

  /** The whole memory as floats; read anew after anything that may allocate, growth can replace it. */
  get f32(): Float32Array {
    return this.#f32;
  }

  /** The whole memory as 32-bit integers. */
  get i32(): Int32Array {
    return this.#i32;
  }

  /** The whole memory as bytes. */
  get u8(): Uint8Array {
    return this.#u8;
  }

  /** True for a view of this memory, as opposed to an array of JavaScript's own. */
  owns(view: ArrayBufferView): boolean {
    return view.buffer === this.#memory.buffer || view.buffer === this.#f32.buffer;
  }

  /** The size class of a block: SMALLEST times 1, 1.25, 1.5, 1.75, 2, 2.5, ... */
  #classOf(bytes: number): { index: number; size: number } {
    if (bytes <= SMALLEST) return { index: 0, size: SMALLEST };
    const octave = 31 - Math.clz32(Math.ceil(bytes / SMALLEST) - 1 || 1);
    const base = SMALLEST * 2 ** octave;
    const quarter = base / 4;
    const steps = Math.ceil((bytes - base) / quarter);
    const size = Math.ceil((base + steps * quarter) / SMALLEST) * SMALLEST;
    return { index: octave * 4 + steps, size };
  }

  /**
   * Takes a block of at least this many bytes.
   *
   * @returns its byte offset, never 0.
   * @throws BackendError when the memory is exhausted.
   */
  allocate(bytes: number): number {
    const { index, size } = this.#classOf(bytes);
    const list = this.#free[index];
    const pointer = list !== undefined && list.length > 0 ? (list.pop() as number) : this.#carve(size, bytes);
    this.#live += size;
    return pointer;
  }

  /** Gives a block back; `bytes` is what was asked for. */
  release(pointer: number, bytes: number): void {
    const { index, size } = this.#classOf(bytes);
    this.#live -= size;
    let list = this.#free[index];
    if (list === undefined) {
      list = [];
      this.#free[index] = list;
    }
    list.push(pointer);
  }

  #carve(size: number, asked: number): number {
    const found = this.#fromRegions(size) ?? this.#fromEnd(size);
    if (found !== undefined) return found;
    this.#merge();
    const merged = this.#fromRegions(size) ?? this.#fromEnd(size);
    if (merged !== undefined) return merged;
    throw new BackendError({
      ...this.#exhaustion,
      found: `${asked} bytes asked for while ${this.#live} of at most ${this.#maximumBytes} bytes are in use`,
    });
  }

  #fromRegions(size: number): number | undefined {
    for (const [i, region] of this.#regions.entries()) {
      if (region.bytes < size) continue;
      const { start } = region;
      region.start += size;
      region.bytes -= size;
      if (region.bytes === 0) this.#regions.splice(i, 1);
      return start;
    }
    return undefined;
  }

  #fromEnd(size: number): number | undefined {
    if (this.#top + size > this.#limit) {
      const needed = this.#top + size - this.#limit;
      const left = this.#maximumBytes - SLACK - this.#limit;
      if (needed > left) return undefined;
      // grow by a quarter at least, so that growth stays rare
      const wanted = Math.min(left, Math.max(needed, this.#limit / 4));
      if (!this.#grow(wanted) && !this.#grow(needed)) return undefined;
    }
    const start = this.#top;
    this.#top += size;
    return start;
  }

  #grow(bytes: number): boolean {
    try {
      this.#memory.grow(Math.ceil(bytes / PAGE));
    } catch {
      return false;
    }
    const { buffer } = this.#memory;
    this.#limit = buffer.byteLength - SLACK;
    this.#f32 = new Float32Array(buffer);
    this.#i32 = new Int32Array(buffer);
    this.#u8 = new Uint8Array(buffer);
    return true;
  }

  /** Turns the free lists into regions, neighbours merged. */
  #merge(): void {
    const blocks: Region[] = [...this.#regions];
    for (const [index, list] of this.#free.entries()) {
      if (list === undefined) continue;
      const bytes = this.#sizeOfClass(index);
      for (const start of list) blocks.push({ start, bytes });
    }
    this.#free.length = 0;
    blocks.sort((a, b) => a.start - b.start);
    this.#regions = [];
    for (const block of blocks) {
      const last = this.#regions.at(-1);
      if (last !== undefined && last.start + last.bytes === block.start) last.bytes += block.bytes;
      else this.#regions.push({ ...block });
    }
    const last = this.#regions.at(-1);
    if (last !== undefined && last.start + last.bytes === this.#top) {
      this.#top = last.start;
      this.#regions.pop();
    }
  }

  #sizeOfClass(index: number): number {
    const octave = Math.floor(index / 4);
    const base = SMALLEST * 2 ** octave;
    return Math.ceil((base + (index % 4) * (base / 4)) / SMALLEST) * SMALLEST;
  }
}
