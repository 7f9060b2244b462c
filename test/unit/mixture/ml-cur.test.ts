import { describe, expect, it } from 'vitest';
import { Normalizer } from '../../../src/data/normalizer.ts';
import { gateFeatures } from '../../../src/mixture/gate-features.ts';
import type { MixtureModel } from '../../../src/mixture/mixture-model.ts';
import { trainMlCur } from '../../../src/mixture/ml-cur.ts';
import { type MlCurConfig, mlCurConfigSchema } from '../../../src/mixture/ml-cur-config.ts';
import { InferenceMlp } from '../../../src/tensor/inference-mlp.ts';
import { branchingData } from './toy-data.ts';

/** What the gate answers where all episodes of {@link branchingData} start. */
function gateAtStart({ gate, gateShape, observationNormalizer }: MixtureModel): number[] {
  const start = Normalizer.fromJSON(observationNormalizer).normalize(Float32Array.from([0, 0]));
  const logits = new Float32Array(gateShape.outputSize);
  new InferenceMlp(gateShape, gate).forward(0, gateFeatures('quadratic', start), logits, 1);
  const odds = Array.from(logits, (logit) => Math.exp(logit - Math.max(...logits)));
  const total = odds.reduce((sum, value) => sum + value, 0);
  return odds.map((value) => value / total);
}

describe('the gate of ML-Cur', () => {
  const data = branchingData(24, 3);
  const train = (settings: Partial<MlCurConfig>): Promise<MixtureModel> => {
    const config = mlCurConfigSchema.parse({ components: 4, iterations: 5, ...settings });
    return trainMlCur(data, config, { seed: 0 });
  };
  /** The greatest difference between the gate's answer at the start and the prior of the components. */
  const difference = (model: MixtureModel): number => {
    const answer = gateAtStart(model);
    return Math.max(...model.components.map(({ prior }, z) => Math.abs(prior - (answer[z] as number))));
  };

  it('answers with the prior where all episodes start alike and one component is asked for each', async () => {
    expect(difference(await train({}))).toBeLessThan(1e-3);
  });

  it('is fitted to all observations where it is asked in every step, or steps were chosen', async () => {
    expect(difference(await train({ commitment: 'step' }))).toBeGreaterThan(1e-3);
    expect(difference(await train({ level: 'step' }))).toBeGreaterThan(1e-3);
  });
});
