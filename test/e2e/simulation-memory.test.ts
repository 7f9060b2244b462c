import { setImmediate } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, it } from 'vitest';
import '../../envs/index.ts';
import { makeTask } from '../../envs/task.ts';
import { list } from '../../src/gym/registry.ts';
import { makeVector } from '../../src/gym/vector/make-vector.ts';

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;
const mebibyte = 2 ** 20;

/** Bytes of the heap that are in use, and of the process, where the engine's memory is. */
async function memory() {
  // finalizers run between two turns of the event loop
  for (let i = 0; i < 3; i++) {
    collectGarbage();
    await setImmediate();
  }
  const { heapUsed, rss } = process.memoryUsage();
  return { heap: heapUsed, resident: rss };
}

describe.each(list().map(({ id }) => id))('%s', (id) => {
  it('keeps its memory over 10 000 resets', async () => {
    const { env } = await makeTask(id);
    const action = env.actionSpace.sample();
    const run = (count: number) => {
      for (let i = 0; i < count; i++) {
        env.reset({ seed: i % 100 });
        env.step(action);
      }
    };
    run(1000);
    const before = await memory();
    run(10_000);
    const after = await memory();
    env.close();
    expect(after.heap - before.heap).toBeLessThan(mebibyte);
    // a world that is not freed takes tens of kilobytes: 10 000 of them would be hundreds of megabytes
    expect(after.resident - before.resident).toBeLessThan(32 * mebibyte);
  });

  it('keeps its memory over 100 000 steps in a vector of 64, autoreset included', async () => {
    const vector = await makeVector(id, { numEnvs: 64 });
    vector.actionSpace.seed(0);
    const actions = Array.from({ length: 8 }, () => vector.actionSpace.sample());
    const run = (count: number) => {
      for (let i = 0; i < count; i++) vector.step(actions[i % actions.length]);
    };
    vector.reset({ seed: 0 });
    run(160);
    const before = await memory();
    run(Math.ceil(100_000 / 64));
    const after = await memory();
    await vector.close();
    expect(after.heap - before.heap).toBeLessThan(mebibyte);
  });
});
