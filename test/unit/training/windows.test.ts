import { afterAll, describe, expect, it } from 'vitest';
import { Rng } from '../../../src/random.ts';
import { tf } from '../../../src/tensor/tf.ts';
import { holdOut } from '../../../src/training/held-out.ts';
import { NormalizedData } from '../../../src/training/normalized-data.ts';
import { Windows } from '../../../src/training/windows.ts';

await tf.setBackend('cpu');

/** Two episodes, of 4 steps and of 2, whose observations and actions are their own numbers: 0 .. 5 and 10 .. 15. */
const problem = new NormalizedData({
  observations: Float32Array.of(0, 1, 2, 3, 4, 5),
  actions: Float32Array.of(10, 11, 12, 13, 14, 15),
  observationSize: 1,
  actionSize: 1,
  episodeStarts: Int32Array.of(0, 4, 6),
  modes: Int32Array.of(0, 0),
  envId: 'Any-v0',
});

/** Rounds, and makes −0 to 0. */
const whole = (values: Float32Array) => Array.from(values, (value) => Math.round(value) + 0);

describe.each([false, true])('windows of episodes, data on the device: %s', (onDevice) => {
  const all: Windows[] = [];
  afterAll(() => {
    for (const windows of all) windows.dispose();
  });

  async function gather(shape: { history: number; chunk: number; pastActions?: boolean }, present: number[]) {
    const windows = new Windows(problem, shape, onDevice);
    all.push(windows);
    const before = tf.memory().numTensors;
    const { actions, mask, observations } = windows.gather(Int32Array.from(present));
    expect(tf.memory().numTensors).toBe(before + 3);
    const { actionNormalizer, observationNormalizer } = problem;
    const read = {
      observations: whole(observationNormalizer.denormalize(await observations.data())),
      actions: whole(actionNormalizer.denormalize(await actions.data())),
      mask: [...(await mask.data())],
      shapes: [observations.shape, actions.shape, mask.shape],
    };
    tf.dispose([observations, actions, mask]);
    return read;
  }

  it('repeat the first observation and the last action at the ends of an episode, and say so', async () => {
    expect(await gather({ history: 3, chunk: 3 }, [0, 2, 5])).toEqual({
      observations: [0, 0, 0, 0, 1, 2, 4, 4, 5],
      actions: [10, 11, 12, 12, 13, 13, 15, 15, 15],
      mask: [1, 1, 1, 1, 1, 0, 1, 0, 0],
      shapes: [
        [3, 3, 1],
        [3, 3, 1],
        [3, 3],
      ],
    });
  });

  it('begin with the actions at the earlier observations where asked to', async () => {
    const read = await gather({ history: 2, chunk: 2, pastActions: true }, [0, 1, 4]);
    expect(read.actions).toEqual([10, 10, 11, 10, 11, 12, 14, 14, 15]);
    expect(read.mask).toEqual([0, 1, 1, 1, 1, 1, 0, 1, 1]);
  });

  it('are single pairs where history and chunk are 1', async () => {
    const read = await gather({ history: 1, chunk: 1 }, [3, 4]);
    expect(read).toMatchObject({ observations: [3, 4], actions: [13, 14], mask: [1, 1] });
  });
});

describe('holding episodes out', () => {
  const starts = Int32Array.from({ length: 21 }, (_, i) => 3 * i);

  it('parts whole episodes, the same ones for the same stream', () => {
    const { training, validation } = holdOut(starts, 0.25, Rng.fromSeed(0));
    expect(validation.length).toBe(15);
    expect([...training, ...validation].sort((a, b) => a - b)).toEqual(
      Array.from({ length: 60 }, (_, i) => i),
    );
    const episodes = new Set(Array.from(validation, (step) => Math.floor(step / 3)));
    expect(episodes.size).toBe(5);
    expect(holdOut(starts, 0.25, Rng.fromSeed(0)).validation).toEqual(validation);
  });

  it('holds at least one out and leaves at least one, or none at share 0', () => {
    expect(holdOut(starts, 0.001, Rng.fromSeed(0)).validation.length).toBe(3);
    expect(holdOut(Int32Array.of(0, 5), 0.5, Rng.fromSeed(0)).training.length).toBe(5);
    expect(holdOut(starts, 0.99, Rng.fromSeed(0)).training.length).toBe(3);
    expect(holdOut(starts, 0, Rng.fromSeed(0)).validation.length).toBe(0);
  });
});
