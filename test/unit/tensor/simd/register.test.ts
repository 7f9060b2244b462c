import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { BackendError } from '../../../../src/errors.ts';
import { Rng } from '../../../../src/random.ts';
import { BatchedMlp } from '../../../../src/tensor/batched-mlp.ts';
import { gaussianLogLikelihood } from '../../../../src/tensor/ops/gaussian-log-likelihood.ts';
import { AdamW } from '../../../../src/tensor/optimizer.ts';
import { registerSimdBackend, type SimdOptions } from '../../../../src/tensor/simd/register.ts';
import { tf } from '../../../../src/tensor/tf.ts';

/** Trains some experts for a few steps; large enough that the work is shared between threads. */
function train(steps: number, after: (step: number) => void = () => {}): number[] {
  const rng = Rng.fromSeed(3);
  const networks = 9;
  const mlp = BatchedMlp.draw(
    { networks, inputSize: 5, hidden: [48, 33], outputSize: 3, activation: 'mish' },
    rng.fork('weights'),
  );
  const optimizer = new AdamW(mlp.variables, { weightDecay: 0.01, clipNorm: 1 });
  const draw = (width: number) =>
    tf.tensor3d(
      Float32Array.from({ length: networks * 130 * width }, () => rng.normal()),
      [networks, 130, width],
    );
  const [x, y, logVariance] = [draw(5), draw(3), tf.scalar(0)];
  const losses: number[] = [];
  for (let step = 0; step < steps; step++) {
    const loss = optimizer.step(
      () => tf.neg(tf.mean(gaussianLogLikelihood(mlp.forward(x), y, logVariance))),
      1e-2,
    );
    losses.push(loss.dataSync()[0] as number);
    loss.dispose();
    after(step);
  }
  losses.push(...mlp.variables.flatMap((variable) => [...variable.dataSync()]));
  optimizer.dispose();
  mlp.dispose();
  tf.dispose([x, y, logVariance]);
  return losses;
}

async function start(options: SimdOptions) {
  const report = await registerSimdBackend(options);
  await tf.setBackend('simd');
  expect(tf.getBackend()).toBe('simd');
  return report;
}

afterEach(() => vi.unstubAllGlobals());

describe('registerSimdBackend', () => {
  it('gives the same bits for any number of threads, and without shared memory', async () => {
    await start({ threads: 1 });
    const expected = train(4);
    for (const threads of [2, 3]) {
      expect((await start({ threads })).threads).toBe(threads);
      expect(train(4)).toEqual(expected);
    }
    vi.stubGlobal('SharedArrayBuffer', undefined);
    const report = await start({ threads: 2 });
    vi.unstubAllGlobals();
    expect(report).toMatchObject({ threads: 1, sharedMemory: false });
    expect(report.notes.join()).toMatch(/one thread: shared memory is not allowed here/);
    expect(train(4)).toEqual(expected);
  });

  it('trains to nearly the same numbers with relaxed multiply-adds', async () => {
    await start({ threads: 2 });
    const expected = train(4);
    const report = await start({ threads: 2, relaxed: true });
    expect(report.relaxed || report.notes.length > 0).toBe(true);
    for (const [i, value] of train(4).entries()) {
      expect(Math.abs(value - (expected[i] as number))).toBeLessThan(2e-2);
    }
  });

  it('keeps tensors and live bytes flat over training steps', async () => {
    await start({ threads: 2 });
    const counts: string[] = [];
    train(60, () => {
      const { numTensors, heapLiveBytes } = tf.memory() as tf.MemoryInfo & { heapLiveBytes: number };
      counts.push(`${numTensors} tensors, ${heapLiveBytes} bytes`);
    });
    expect(new Set(counts.slice(5)).size).toBe(1);
  });

  it('hands out copies: neither the caller nor a later kernel can change the numbers of the other', async () => {
    await start({ threads: 1 });
    const mine = new Float32Array([1, 2, 3, 4]);
    const x = tf.tensor1d(mine);
    mine[0] = 99;
    const y = tf.mul(x, 2);
    const read = y.dataSync();
    read[1] = 99;
    expect([...x.dataSync()]).toEqual([1, 2, 3, 4]);
    expect([...y.dataSync()]).toEqual([2, 4, 6, 8]);
    const part = tf.slice(y, [1], [2]);
    y.dispose();
    tf.dispose([tf.fill([4], 7), tf.fill([2], 7)]);
    expect([...part.dataSync()]).toEqual([4, 6]);
    await tf.setBackend('cpu');
    expect([...tf.add(part, x.slice([0], [2])).dataSync()]).toEqual([5, 8]);
    tf.dispose([x, part]);
  });

  it('runs out of memory with an error, and works on after it', async () => {
    await start({ threads: 2, maximumBytes: 2 ** 25 });
    expect(() => tf.tidy(() => tf.fill([2 ** 24], 1))).toThrow(BackendError);
    expect(tf.tidy(() => tf.sum(tf.fill([2 ** 16], 1)).dataSync()[0])).toBe(2 ** 16);
  });

  it('grows its memory under live tensors', async () => {
    await start({ threads: 2 });
    const x = tf.fill([1000], 3);
    const large = tf.fill([2 ** 24], 1);
    expect(tf.tidy(() => tf.sum(tf.mul(x, x)).dataSync()[0])).toBe(9000);
    expect(tf.tidy(() => tf.mean(large).dataSync()[0])).toBe(1);
    tf.dispose([x, large]);
  });

  it('names the operation that asked for a kernel it does not have', async () => {
    await start({ threads: 1 });
    const run = () => tf.engine().runKernel('BatchMatMull', {}, {});
    expect(run).toThrow(BackendError);
    expect(run).toThrow(/no kernel 'BatchMatMull'[\s\S]*BatchMatMul/);
  });

  it('starts its workers from a plain script, and lets the process end', () => {
    const register = new URL('../../../../src/tensor/simd/register.ts', import.meta.url).href;
    const { status, stdout } = spawnSync(
      process.execPath,
      [
        '--import',
        'tsx',
        '--input-type=module',
        '-e',
        `const { registerSimdBackend } = await import('${register}');
         console.log((await registerSimdBackend({ threads: 3 })).threads);`,
      ],
      { cwd: fileURLToPath(new URL('../../../..', import.meta.url)), encoding: 'utf8', timeout: 60_000 },
    );
    expect({ status, stdout: stdout.trim() }).toEqual({ status: 0, stdout: '3' });
  });
});
