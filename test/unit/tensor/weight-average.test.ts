import { beforeAll, describe, expect, it } from 'vitest';
import { CheckpointError, ConfigError } from '../../../src/errors.ts';
import { tf } from '../../../src/tensor/tf.ts';
import { WeightAverage } from '../../../src/tensor/weight-average.ts';

describe('WeightAverage', () => {
  beforeAll(() => tf.setBackend('cpu'));

  it('averages with a fixed decay', async () => {
    const weight = tf.variable(tf.tensor1d([1]));
    const average = new WeightAverage([weight], { decay: 0.5 });
    for (const value of [3, 5]) {
      weight.assign(tf.tensor1d([value]));
      average.update();
    }
    expect((await average.getState()).averages[0]!.data[0]).toBe(3.5);
  });

  it('forgets the first weights fast with a power', async () => {
    const weight = tf.variable(tf.tensor1d([0]));
    const average = new WeightAverage([weight], { decay: 0.9999, power: 0.75 });
    weight.assign(tf.tensor1d([1]));
    average.update();
    expect((await average.getState()).averages[0]!.data[0]).toBeCloseTo(2 ** -0.75, 5);
  });

  it('changes places with the weights, and back', async () => {
    const weight = tf.variable(tf.tensor1d([1]));
    const average = new WeightAverage([weight], { decay: 0.5 });
    weight.assign(tf.tensor1d([2]));
    average.update();
    average.swap();
    expect(weight.dataSync()[0]).toBe(1.5);
    expect((await average.getState()).averages[0]!.data[0]).toBe(2);
    average.swap();
    expect(weight.dataSync()[0]).toBe(2);
  });

  it('continues from a saved state', async () => {
    const weight = tf.variable(tf.tensor1d([1, 2]));
    const average = new WeightAverage([weight], { decay: 0.9, power: 0.75 });
    average.update();
    const copy = new WeightAverage([tf.variable(tf.zeros([2]))], { decay: 0.9, power: 0.75 });
    copy.setState(await average.getState());
    expect(await copy.getState()).toEqual(await average.getState());
    expect(() => copy.setState({ updates: 1, averages: {} })).toThrow(CheckpointError);
  });

  it('keeps the tensor count flat and frees its copies', () => {
    const weight = tf.variable(tf.zeros([4]));
    const before = tf.memory().numTensors;
    const average = new WeightAverage([weight], { decay: 0.9 });
    for (let i = 0; i < 50; i++) average.update();
    expect(tf.memory().numTensors).toBe(before + 1);
    average.dispose();
    expect(tf.memory().numTensors).toBe(before);
  });

  it('refuses a decay out of range', () => {
    expect(() => new WeightAverage([], { decay: 1 })).toThrow(ConfigError);
    expect(() => new WeightAverage([], { decay: 0.5, power: 0 })).toThrow(ConfigError);
  });
});
