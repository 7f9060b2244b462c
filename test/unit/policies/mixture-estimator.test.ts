import { beforeAll, describe, expect, it } from 'vitest';
import { ConfigError, DivergenceError, FitError, UsageError } from '../../../src/errors.ts';
import { MixtureEstimator } from '../../../src/policies/mixture-estimator.ts';
import { Rng } from '../../../src/random.ts';
import { tf } from '../../../src/tensor/tf.ts';

await tf.setBackend('cpu');

const noise = 0.1;

/** One-dimensional inputs in [1, 2]; the output is +x or -x with even odds, plus a little noise. */
function branches(samples: number, seed = 0) {
  const rng = Rng.fromSeed(seed).fork('branches');
  const x = Array.from({ length: samples }, () => [rng.uniform(1, 2)]);
  const y = x.map(([value]) => (rng.uniform() < 0.5 ? 1 : -1) * (value as number) + rng.normal(0, noise));
  return { x, y };
}

const train = branches(400);
const test = branches(400, 1);
const scale = 1.53;

/** The mean log-likelihood that the true density has on new data, about. */
const optimum = Math.log(0.5) - Math.log(noise) - 0.5 * Math.log(2 * Math.PI) - 0.5;

const network = { hidden: [16], activation: 'tanh' };
const budget = { steps: 600, batchSize: 64, learningRate: 0.01, observationNoise: 0 };
const settings = {
  bc: { ...network, ...budget },
  mdn: { components: 2, expert: network, gate: network, ...budget },
  em: {
    components: 2,
    initialization: 'random',
    iterations: 12,
    expert: { kind: 'linear', standardDeviation: noise / scale },
    gate: { ...network, ...budget, steps: 20 },
  },
};

/** Tells whether two answers are the two branches at x, in either order. */
function areBothBranches(means: readonly number[][], x: number): boolean {
  const [low, high] = means.flat().sort((a, b) => a - b) as [number, number];
  return Math.abs(low + x) < 0.15 && Math.abs(high - x) < 0.15;
}

describe('estimators of conditional densities on data that branches', () => {
  let density: MixtureEstimator;

  beforeAll(async () => {
    density = await new MixtureEstimator('mdn', settings.mdn).fit(train.x, train.y);
  });

  it('behaviour cloning averages the branches', async () => {
    const model = await new MixtureEstimator('bc', settings.bc).fit(train.x, train.y);
    for (const [mean] of model.predict([[1.2], [1.5], [1.8]]))
      expect(Math.abs(mean as number)).toBeLessThan(0.35);
    expect(model.logLikelihood(test.x, test.y)).toBeLessThan(optimum - 1);
  });

  it('a mixture density network finds both', () => {
    expect(areBothBranches(density.means([[1.5]])[0] as number[][], 1.5)).toBe(true);
    expect(density.logLikelihood(test.x, test.y)).toBeGreaterThan(optimum - 0.1);
  });

  for (const form of ['textbook', 'released']) {
    it(`expectation maximization in its ${form} form finds both, from the best of five starts`, async () => {
      const model = new MixtureEstimator('em', { ...settings.em, form }, { restarts: 5 });
      await model.fit(train.x, train.y);
      expect(areBothBranches(model.means([[1.5]])[0] as number[][], 1.5)).toBe(true);
      expect(model.logLikelihood(test.x, test.y)).toBeGreaterThan(optimum - 0.1);
    });
  }

  it('ML-Cur with half of the samples active lets an expert pick one branch, from most starts', async () => {
    const answers = async (activeSamples: number) => {
      const found: number[] = [];
      for (let seed = 0; seed < 5; seed++) {
        const config = { components: 1, activeSamples, initialization: 'random', tolerance: 0 };
        const model = await new MixtureEstimator('ml-cur', config, { seed }).fit(train.x, train.y);
        found.push(Math.abs(model.predict([[1.5]])[0]?.[0] as number));
      }
      return found;
    };
    const picked = (await answers(0.5)).filter((answer) => Math.abs(answer - 1.5) < 0.15);
    expect(picked.length).toBeGreaterThanOrEqual(3);
    for (const answer of await answers(1)) expect(answer).toBeLessThan(0.3);
  });

  it('a mixture density network of one component is behaviour cloning', async () => {
    const one = {
      ...settings.mdn,
      components: 1,
      standardDeviation: 1,
      expert: { ...network, kind: 'independent' },
    };
    const mdn = await new MixtureEstimator('mdn', one).fit(train.x, train.y);
    const bc = await new MixtureEstimator('bc', settings.bc).fit(train.x, train.y);
    expect(mdn.predict(test.x)).toEqual(bc.predict(test.x));
  });

  it('draws samples as often from each branch as the gate says', () => {
    const x = Array.from({ length: 4000 }, () => [1.4]);
    const upper = density.sample(x, Rng.fromSeed(3)).filter(([y]) => (y as number) > 0).length / x.length;
    const [means] = density.means([[1.4]]) as [number[][]];
    const [gate] = density.gate([[1.4]]) as [number[]];
    const expected = gate.reduce((sum, p, z) => sum + ((means[z]?.[0] as number) > 0 ? p : 0), 0);
    expect(Math.abs(upper - expected)).toBeLessThan(4 * Math.sqrt((expected * (1 - expected)) / x.length));
  });

  it('integrates to one over the outputs', () => {
    let mass = 0;
    for (let y = -4; y <= 4; y += 0.01) mass += 0.01 * Math.exp(density.logLikelihood([[1.6]], [y]));
    expect(mass).toBeCloseTo(1, 4);
  });
});

describe('estimators given what they cannot learn from', () => {
  it('name the value that is not finite', async () => {
    const model = new MixtureEstimator('bc', settings.bc);
    await expect(model.fit([[1], [Number.NaN]], [1, 2])).rejects.toThrow(/x\[1\]/);
    await expect(model.fit([[1], [2]], [1, Number.NaN])).rejects.toThrow(/y\[1\]/);
  });

  it('refuse fewer samples than components', async () => {
    const model = new MixtureEstimator('mdn', { ...settings.mdn, components: 5 });
    await expect(model.fit([[1], [2]], [1, 2])).rejects.toThrow(FitError);
  });

  it('refuse to answer before they were fitted, for rows of another length, and for other methods', async () => {
    const model = new MixtureEstimator('ml-cur', { components: 1 });
    expect(() => model.predict([[1]])).toThrow(FitError);
    await model.fit(train.x, train.y);
    expect(() => model.predict([[1, 2]])).toThrow(FitError);
    expect(() => new MixtureEstimator('em', { componants: 2 })).toThrow(ConfigError);
    expect(() => new MixtureEstimator('nothing')).toThrow(UsageError);
  });

  it('keep a finite likelihood on outputs that never vary', async () => {
    const y = train.x.map(() => 3);
    for (const [method, config] of [
      ['bc', settings.bc],
      ['mdn', settings.mdn],
      ['em', settings.em],
      ['ml-cur', { components: 2 }],
    ] as const) {
      const model = await new MixtureEstimator(method, config).fit(train.x, y);
      expect(Number.isFinite(model.logLikelihood(train.x, y))).toBe(true);
      expect(model.predict([[1.5]])[0]?.[0]).toBeCloseTo(3, 1);
    }
  });

  it('say at which step a training diverged', async () => {
    for (const [method, config] of [
      ['bc', settings.bc],
      ['mdn', settings.mdn],
    ] as const) {
      const model = new MixtureEstimator(method, { ...config, learningRate: 1e30 });
      await expect(model.fit(train.x, train.y)).rejects.toThrow(DivergenceError);
    }
  });
});
