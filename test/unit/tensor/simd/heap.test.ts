import { describe, expect, it } from 'vitest';
import { BackendError } from '../../../../src/errors.ts';
import { Rng } from '../../../../src/random.ts';
import { Heap } from '../../../../src/tensor/simd/heap.ts';

const PAGE = 65536;

function makeHeap(pages: number, shared = true): Heap {
  const memory = new WebAssembly.Memory({ initial: 1, maximum: pages, shared });
  return new Heap(memory, 1024, pages * PAGE);
}

describe('Heap', () => {
  it('never hands out the same byte twice, and ends where it began', () => {
    const heap = makeHeap(256);
    const rng = Rng.fromSeed('heap');
    const blocks: { start: number; bytes: number }[] = [];
    for (let i = 0; i < 3000; i++) {
      if (blocks.length > 0 && rng.uniform() < 0.5) {
        const [block] = blocks.splice(rng.integer(blocks.length), 1);
        heap.release(block!.start, block!.bytes);
        continue;
      }
      const bytes = Math.floor(2 ** rng.uniform(0, 15));
      const start = heap.allocate(bytes);
      expect(start % 64).toBe(0);
      expect(start).toBeGreaterThanOrEqual(1024);
      for (const other of blocks) {
        expect(start + bytes <= other.start || other.start + other.bytes <= start).toBe(true);
      }
      blocks.push({ start, bytes });
    }
    for (const { start, bytes } of blocks) heap.release(start, bytes);
    expect(heap.liveBytes).toBe(0);
  });

  it('reuses a freed block of the same size instead of growing', () => {
    const heap = makeHeap(64);
    const first = heap.allocate(1000);
    heap.release(first, 1000);
    const top = heap.topBytes;
    for (let i = 0; i < 100; i++) heap.release(heap.allocate(1000), 1000);
    expect(heap.topBytes).toBe(top);
  });

  it('merges small free blocks into a large one before it gives up', () => {
    const heap = makeHeap(16);
    const blocks = Array.from({ length: 15 }, () => heap.allocate(PAGE));
    expect(() => heap.allocate(8 * PAGE)).toThrow(BackendError);
    for (const block of blocks) heap.release(block, PAGE);
    const large = heap.allocate(8 * PAGE);
    heap.release(large, 8 * PAGE);
    for (let i = 0; i < 15; i++) heap.allocate(PAGE);
  });

  it('says how much was asked for, how much is in use and what helps when it is exhausted', () => {
    const heap = makeHeap(4);
    heap.allocate(2 * PAGE);
    expect(() => heap.allocate(10 * PAGE)).toThrow(/655360 bytes asked for while 131072 .*\n.*dispose/);
  });

  for (const shared of [true, false]) {
    it(`keeps what was written when ${shared ? 'shared' : 'private'} memory grows`, () => {
      const heap = makeHeap(512, shared);
      const block = heap.allocate(64);
      heap.f32[block / 4] = 42;
      heap.allocate(100 * PAGE);
      expect(heap.f32[block / 4]).toBe(42);
      expect(heap.f32.byteLength).toBeGreaterThan(100 * PAGE);
    });
  }
});
