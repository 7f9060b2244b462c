import { describe, expect, it } from 'vitest';
import type { Commitment } from '../../../src/mixture/imc-config.ts';
import { type ActingMixture, MixturePolicy } from '../../../src/policies/mixture-policy.ts';
import type { StoredArray } from '../../../src/tensor/named-arrays.ts';

const array = (shape: number[], values: number[]): StoredArray => ({
  shape,
  data: Float32Array.from(values),
});

/** Two experts that always answer -1 and +1; the gate draws both alike near o = 0 and the second one at large o. */
const twoWays: ActingMixture = {
  observationNormalizer: { version: 1, mean: [0], std: [1] },
  actionNormalizer: { version: 1, mean: [0], std: [1] },
  actionLow: [-5],
  actionHigh: [5],
  actionDeviations: [[0.1], [0.3]],
  expertShape: { networks: 2, inputSize: 1, hidden: [], outputSize: 1, activation: 'relu' },
  experts: { 'layers.0.weights': array([2, 1, 1], [0, 0]), 'layers.0.bias': array([2, 1, 1], [-1, 1]) },
  gateShape: { networks: 1, inputSize: 1, hidden: [], outputSize: 2, activation: 'relu' },
  gate: { 'layers.0.weights': array([1, 1, 2], [0, 1]), 'layers.0.bias': array([1, 1, 2], [0, 0]) },
};

/** Acts `steps` times in one episode at the same observation and returns the actions. */
function actions(commitment: Commitment, seed: number, steps: number): number[] {
  const policy = new MixturePolicy('imc', twoWays, { commitment, choose: 'mean' });
  policy.reset([seed]);
  return Array.from({ length: steps }, () => policy.act(Float32Array.of(0))[0] as number);
}

describe('a mixture policy', () => {
  it('committed to the episode, keeps its component; over episodes it uses both alike', () => {
    let second = 0;
    for (let seed = 0; seed < 400; seed++) {
      const episode = actions('episode', seed, 6);
      expect(new Set(episode).size).toBe(1);
      if (episode[0] === 1) second++;
    }
    expect(second).toBeGreaterThan(160);
    expect(second).toBeLessThan(240);
  });

  it('committed to k steps, draws anew after exactly k', () => {
    const changes = new Set<number>();
    for (let seed = 0; seed < 50; seed++) {
      const episode = actions(4, seed, 16);
      episode.forEach((action, t) => {
        if (t > 0 && action !== episode[t - 1]) changes.add(t);
      });
    }
    expect([...changes].toSorted((a, b) => a - b)).toEqual([4, 8, 12]);
  });

  it('committed to the step, draws at every step', () => {
    const changes = new Set<number>();
    for (let seed = 0; seed < 50; seed++) {
      const episode = actions('step', seed, 5);
      episode.forEach((action, t) => {
        if (t > 0 && action !== episode[t - 1]) changes.add(t);
      });
    }
    expect(changes.size).toBe(4);
  });

  it('tells what the gate prefers anywhere, without a change to what is committed to', () => {
    const policy = new MixturePolicy('imc', twoWays, { commitment: 'episode', choose: 'mean' });
    policy.reset([1, 2]);
    policy.act(Float32Array.of(0, 20));
    const before = policy.explain();
    const gate = policy.gate(Float32Array.of(0, 0, 20));
    expect([...gate.subarray(0, 4)]).toEqual([0.5, 0.5, 0.5, 0.5]);
    expect(gate[5]).toBeCloseTo(1, 6);
    expect(policy.explain()).toEqual(before);
    expect(() => policy.gate(new Float32Array(0))).not.toThrow();
  });

  it('asks the gate about the observation, and explains what it drew', () => {
    const policy = new MixturePolicy('imc', twoWays, { commitment: 'step', choose: 'mean' });
    policy.reset([0, 1]);
    policy.act(Float32Array.of(0, 20));
    const { component, gate } = policy.explain();
    expect([...gate.subarray(0, 2)]).toEqual([0.5, 0.5]);
    expect(gate[3]).toBeCloseTo(1, 6);
    expect(component[1]).toBe(1);
  });

  it('keeps its actions within the demonstrated range', () => {
    const policy = new MixturePolicy(
      'imc',
      { ...twoWays, actionLow: [-0.25], actionHigh: [0.5] },
      { commitment: 'episode', choose: 'mean' },
    );
    policy.reset(Array.from({ length: 40 }, (_, i) => i));
    expect(new Set(policy.act(new Float32Array(40)))).toEqual(new Set([-0.25, 0.5]));
  });

  it('draws around the mean of its component, as widely as the demonstrations of that component scatter', () => {
    const acting = { commitment: 'episode', choose: 'draw' } as const;
    const policy = new MixturePolicy('imc', twoWays, acting);
    policy.reset(Array.from({ length: 8000 }, (_, i) => i));
    const drawn = policy.act(new Float32Array(8000));
    const { component } = policy.explain();
    for (const [z, mean] of [-1, 1].entries()) {
      const errors = [...drawn].filter((_, i) => component[i] === z).map((action) => action - mean);
      const deviation = Math.sqrt(errors.reduce((sum, e) => sum + e * e, 0) / errors.length);
      // within five standard errors
      expect(Math.abs(deviation / [0.1, 0.3][z]! - 1)).toBeLessThan(5 / Math.sqrt(2 * errors.length));
    }
    policy.reset([3]);
    expect(policy.act(Float32Array.of(0))[0]).toBe(drawn[3]);
  });

  it('says so when a saved mixture does not tell how widely to draw', () => {
    const old = { ...twoWays, actionDeviations: [] };
    expect(() => new MixturePolicy('imc', old, { commitment: 'step', choose: 'draw' })).toThrow(
      /choose=mean, or train again/,
    );
    expect(new MixturePolicy('imc', old, { commitment: 'step', choose: 'mean' }).actionSize).toBe(1);
  });

  it('works in the units of the data', () => {
    const scaled: ActingMixture = {
      ...twoWays,
      observationNormalizer: { version: 1, mean: [10], std: [2] },
      actionNormalizer: { version: 1, mean: [3], std: [0.5] },
      experts: { ...twoWays.experts, 'layers.0.weights': array([2, 1, 1], [1, 1]) },
    };
    const policy = new MixturePolicy('imc', scaled, { commitment: 'episode', choose: 'mean' });
    policy.reset([0]);
    // the normalized observation is 2, so the expert answers 2 - 1 or 2 + 1
    expect([3.5, 4.5]).toContain(policy.act(Float32Array.of(14))[0]);
  });

  it('refuses observations that are not one row per episode', () => {
    const policy = new MixturePolicy('imc', twoWays, { commitment: 'episode', choose: 'mean' });
    expect(() => policy.act(Float32Array.of(0))).toThrow(RangeError);
    policy.reset([0, 1]);
    expect(() => policy.act(Float32Array.of(0))).toThrow('2 observations');
  });
});
