import { Worker } from 'node:worker_threads';
import { describe, expect, it, vi } from 'vitest';
import { BackendError } from '../../../../src/errors.ts';
import { kernelNumbers } from '../../../../src/tensor/simd/generated/kernels.ts';
import { loadKernelModule } from '../../../../src/tensor/simd/kernel-module.ts';
import { WorkerPool } from '../../../../src/tensor/simd/worker-pool.ts';

const MIB = 2 ** 20;
const control = 2 * MIB;
const argumentsAt = control + 1024;
const out = 32 * MIB;
const elements = 4096 * 16;

/** A pool whose blocks lie at fixed places of a memory of its own, and a job for it: filling an array. */
async function makePool(threads: number, patienceMs = 5000) {
  const kernels = await loadKernelModule({ relaxed: false, maximumBytes: 64 * MIB });
  kernels.memory.grow(40 * 16 - 64);
  const scratch = Array.from({ length: threads }, (_, i) => (4 + 2 * i) * MIB);
  const pool = await WorkerPool.start(kernels, { control, scratch }, patienceMs);
  const words = new Int32Array(kernels.memory.buffer);
  const fill = (value: number) => {
    words.set([out, elements, value], argumentsAt / 4);
    pool.run(kernelNumbers.fill, argumentsAt, elements / 4096, true);
    return words.subarray(out / 4, out / 4 + elements).every((word) => word === value);
  };
  return { pool, fill, kernels, words };
}

/** Ends the worker threads behind the pool's back, as running out of memory would. */
async function killWorkers(spy: { mock: { instances: unknown[] } }): Promise<void> {
  await Promise.all(spy.mock.instances.map((worker) => (worker as Worker).terminate()));
}

describe('WorkerPool', () => {
  it('completes every unit of thousands of regions, whoever works on them', async () => {
    const { pool, fill } = await makePool(3);
    for (let i = 0; i < 500; i++) expect(fill(i)).toBe(true);
    await new Promise((resolve) => setTimeout(resolve, 50)); // the workers sleep now
    for (let i = 0; i < 50; i++) expect(fill(-i)).toBe(true);
    pool.stop();
    expect(fill(7)).toBe(true);
  });

  it('raises an error, and gives no number, once a worker has died', async () => {
    const spy = vi.spyOn(Worker.prototype, 'unref');
    const { pool, fill } = await makePool(2);
    expect(fill(1)).toBe(true);
    await killWorkers(spy);
    spy.mockRestore();
    expect(() => fill(2)).toThrow(BackendError);
    expect(() => fill(3)).toThrow(/a worker thread of the simd backend died/);
    pool.stop();
  });

  it('raises an error instead of waiting for ever for a worker that never finishes', async () => {
    const { pool, fill, kernels } = await makePool(2, 200);
    // a task that was taken and is never finished: what a worker leaves that dies in the middle of one
    const { finished } = kernels.exports;
    expect(finished(control, 1)).toBe(1);
    const stuck = { ...kernels.exports, finished: () => 0 };
    Object.assign(kernels, { exports: stuck });
    expect(() => fill(1)).toThrow(/did not finish within 0.2 s/);
    expect(() => fill(1)).toThrow(BackendError);
    pool.stop();
  });
});
