import { describe, expect, it } from 'vitest';
import { ConfigError } from '../../../../src/errors.ts';
import { attentiveConfigSchema } from '../../../../src/mixture/attentive/attentive-config.ts';
import { trainAttentive } from '../../../../src/mixture/attentive/attentive-density.ts';
import { MixtureEstimator } from '../../../../src/policies/mixture-estimator.ts';
import { tf } from '../../../../src/tensor/tf.ts';
import { branchingData, twoBranches } from '../toy-data.ts';

await tf.setBackend('cpu');

const network = { hidden: [12], activation: 'tanh' };
const budget = {
  ...{ steps: 300, batchSize: 48, learningRate: 0.01, observationNoise: 0, validation: 0, ema: null },
  ...{ expert: network, weightDecay: 0 },
};

describe('a policy whose gate attends to its experts', () => {
  for (const kind of ['attentive', 'original'] as const) {
    it(`with ${kind} gate, finds both branches, and its acting gate gives them even odds`, async () => {
      const { actions, observations } = twoBranches(120);
      const x = Array.from(observations, (value) => [value]);
      const settings = { ...budget, components: 2, gate: { ...network, kind }, importanceWeight: 0.5 };
      const model = await new MixtureEstimator('attentive', settings).fit(x, actions);
      const [low, high] = (model.means([[1.5]])[0] as number[][]).flat().sort((a, b) => a - b);
      expect(low).toBeCloseTo(-1.5, 0);
      expect(high).toBeCloseTo(1.5, 0);
      for (const p of model.gate([[1.2]])[0] as number[]) expect(Math.abs(p - 0.5)).toBeLessThan(0.25);
      // one branch alone would be about 4 nats a sample worse
      expect(model.logLikelihood(x, actions)).toBeGreaterThan(0);
    });
  }

  it('the importance loss keeps components in use that the likelihood would leave alone', async () => {
    const data = branchingData(12, 2, 10);
    const shares = async (importanceWeight: number) => {
      const config = attentiveConfigSchema.parse({
        ...{ ...budget, steps: 150, components: 6, gate: network, importanceWeight },
      });
      const { components } = await trainAttentive(data, config, { seed: 0 });
      return components.map(({ share }) => share);
    };
    expect(Math.min(...(await shares(2)))).toBeGreaterThan(0.02);
  });

  it('acts with one component, and refuses a query that fits no key', async () => {
    const { actions, observations } = twoBranches(40);
    const x = Array.from(observations, (value) => [value]);
    const one = { ...budget, steps: 20, components: 1, gate: network, similarityWeight: 1 };
    const model = await new MixtureEstimator('attentive', one).fit(x, actions);
    expect(model.gate([[1.5]])).toEqual([[1]]);
    expect(() => new MixtureEstimator('attentive', { gate: { hidden: [7] } })).toThrow(ConfigError);
    expect(
      () => new MixtureEstimator('attentive', { gate: { hidden: [7], kind: 'original' } }),
    ).not.toThrow();
  });
});
