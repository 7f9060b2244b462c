import { beforeAll, describe, expect, it } from 'vitest';
import { runTrainingStep, trainingStepError } from '../../../src/tensor/gradient-proof.ts';
import { tf } from '../../../src/tensor/tf.ts';

describe('the training step that proves a backend', () => {
  beforeAll(() => tf.setBackend('cpu'));

  it('is the same every time', async () => {
    expect(await runTrainingStep()).toEqual(await runTrainingStep());
  });

  it('notices one wrong gradient, one wrong weight and values that are not finite', async () => {
    const reference = await runTrainingStep();
    expect(trainingStepError(reference, reference)).toBe(0);
    for (let index = 0; index < reference.length; index++) {
      const run = reference.map((array) => array.slice());
      run[index]![0] = run[index]![0]! * 1.5 + 0.01;
      expect(trainingStepError(run, reference), `array ${index}`).toBeGreaterThan(5e-3);
      run[index]![0] = Number.NaN;
      expect(trainingStepError(run, reference)).toBe(Number.POSITIVE_INFINITY);
    }
    expect(trainingStepError(reference.slice(1), reference)).toBe(Number.POSITIVE_INFINITY);
  });
});
