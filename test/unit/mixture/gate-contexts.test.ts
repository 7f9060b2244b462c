import { describe, expect, it } from 'vitest';
import { joinTrainingData, selectEpisodes, type TrainingData } from '../../../src/data/training-data.ts';
import { ConfigError } from '../../../src/errors.ts';
import { trainImc } from '../../../src/mixture/imc.ts';
import { imcConfigSchema } from '../../../src/mixture/imc-config.ts';
import { MixtureProblem } from '../../../src/mixture/mixture-problem.ts';
import { resolveConfig } from '../../../src/policies/config.ts';
import { findMethod } from '../../../src/policies/registry.ts';
import { InferenceMlp } from '../../../src/tensor/inference-mlp.ts';
import { tf } from '../../../src/tensor/tf.ts';
import { branchingData } from './toy-data.ts';

await tf.setBackend('cpu');

/** Two ways from one place, as many demonstrations of either; those of one take far longer to leave it. */
function slowAndFast(): TrainingData {
  const way = (mode: number, steps: number) => {
    const both = branchingData(8, 2, steps);
    const chosen = [...both.modes.keys()].filter((episode) => both.modes[episode] === mode);
    const { actions, observations, ...rest } = selectEpisodes(both, chosen);
    const speed = 12 / steps;
    return {
      ...rest,
      actions: actions.map((value) => value * speed),
      observations: observations.map((value) => value * speed),
    };
  };
  return joinTrainingData([way(0, 60), way(1, 12)]);
}

const settings = (contexts: string) => ({
  ...{ components: 2, initialization: 'clusters', iterations: 1, form: 'released' },
  expert: { hidden: [16], batchSize: 32, stepsPerIteration: 100, refineSteps: 0, learningRate: 0.01 },
  gate: { contexts, hidden: [16], batchSize: 64, steps: 200, learningRate: 0.01, observationNoise: 0.5 },
});

describe('a gate', () => {
  it('fitted to starts gives a way the odds of its demonstrations, however long it stays there', async () => {
    const data = slowAndFast();
    const odds = async (contexts: string) => {
      const model = await trainImc(data, imcConfigSchema.parse(settings(contexts)), { seed: 0 });
      const problem = new MixtureProblem(data, { level: 'episode', segmentLength: 1 });
      const logits = new Float32Array(2);
      new InferenceMlp(model.gateShape, model.gate).forward(0, problem.observations.slice(0, 2), logits);
      const slow = model.components.findIndex(({ mode }) => mode === 0);
      return 1 / (1 + Math.exp((logits[1 - slow] as number) - (logits[slow] as number)));
    };
    expect(await odds('starts')).toBeCloseTo(0.5, 1);
    expect(await odds('steps')).toBeGreaterThan(0.7);
  });

  it('is asked nowhere else', async () => {
    const config = (method: string, sets: string[]) => () =>
      resolveConfig(findMethod(method), { envId: 'Branching-v0', sets });
    expect(config('imc', ['gate.contexts=starts'])).not.toThrow();
    expect(config('imc', ['gate.contexts=starts', 'commitment=step'])).toThrow(ConfigError);
    expect(config('em', ['gate.contexts=starts', 'commitment=episode'])).toThrow(/textbook form/);
    expect(config('imc', ['gate.contexts=starts', 'commitment=5'])).toThrow(/gate\.contexts=steps/);
  });

  it('takes the first step of every episode, with the unit it is in', () => {
    const data = branchingData(3, 3, 5);
    const problem = new MixtureProblem(data, { level: 'segment', segmentLength: 2 });
    const { observations, unitOfStep } = problem.contexts('starts');
    expect([...unitOfStep]).toEqual([0, 3, 6]);
    expect([...observations]).toEqual(
      [0, 5, 10].flatMap((step) => [...problem.observations.subarray(2 * step, 2 * step + 2)]),
    );
  });
});
