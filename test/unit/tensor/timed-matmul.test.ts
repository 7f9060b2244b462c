import { beforeAll, describe, expect, it } from 'vitest';
import { tf } from '../../../src/tensor/tf.ts';
import { timedMatmul } from '../../../src/tensor/timed-matmul.ts';

describe('timedMatmul', () => {
  beforeAll(() => tf.setBackend('cpu'));

  it('reports the fastest repetition after the warm-up, and frees its tensors', async () => {
    const before = tf.memory().numTensors;
    // start and end of the warm-up, then of three repetitions that take 4, 2 and 3 ms
    const times = [0, 1, 10, 14, 20, 22, 30, 33];
    const timing = await timedMatmul(() => times.shift()!, 8, 3);
    expect(timing.size).toBe(8);
    expect(timing.milliseconds).toBe(2);
    expect(timing.gigaflops).toBeCloseTo((2 * 8 ** 3) / 2e6, 12);
    expect(tf.memory().numTensors).toBe(before);
  });
});
