import { describe, expect, it } from 'vitest';
import { ConfigError, FitError } from '../../../../src/errors.ts';
import {
  MixtureOfExperts,
  type MixtureOfExpertsOptions,
} from '../../../../src/mixture/glm/mixture-of-experts.ts';
import { Rng } from '../../../../src/random.ts';
import { twoRegimes } from './problems.ts';

const linear: MixtureOfExpertsOptions = { components: 2, experts: 'linear' };
const logistic: MixtureOfExpertsOptions = { components: 2, experts: 'logistic' };

describe('MixtureOfExperts', () => {
  it('recovers two linear regimes and their noise', () => {
    const { linear: y, x } = twoRegimes(400, 0);
    const model = new MixtureOfExperts(linear).fit(x, y);
    const [[right = 0] = [], [left = 0] = []] = model.predict([
      [1.5, 1],
      [-1.5, 1],
    ]);
    expect(right).toBeCloseTo(5, 1);
    expect(left).toBeCloseTo(-2, 1);
    // the entropy of Gaussian noise of deviation 0.1, less what the gate's border costs
    expect(model.logLikelihood(x, y)).toBeGreaterThan(0.7);
  });

  it('tells apart by two logistic experts what one cannot', () => {
    const { labels, x } = twoRegimes(600, 1);
    const accuracy = (model: MixtureOfExperts) =>
      model.predict(x).filter(([label], i) => label === labels[i]).length / x.length;
    const one = new MixtureOfExperts({ ...logistic, components: 1 }).fit(x, labels);
    const two = new MixtureOfExperts(logistic).fit(x, labels);
    expect(two.labels).toEqual([2, 7]);
    expect(accuracy(one)).toBeLessThan(0.65);
    expect(accuracy(two)).toBeGreaterThan(0.85);
    for (const row of two.predictProbabilities(x)) expect(row.reduce((a, b) => a + b)).toBeCloseTo(1, 12);
    for (const row of two.gate(x)) expect(row.reduce((a, b) => a + b)).toBeCloseTo(1, 12);
  });

  it('fits several outputs at once', () => {
    const { linear: y, x } = twoRegimes(300, 2);
    const model = new MixtureOfExperts(linear).fit(
      x,
      y.map((v) => [v, -2 * v]),
    );
    const [[first = 0, second = 0] = []] = model.predict([[1.5, 0]]);
    expect(first).toBeCloseTo(3, 1);
    expect(second).toBeCloseTo(-6, 1);
  });

  it('has parameters in the units of the inputs, and does not depend on those units', () => {
    const { linear: y, x } = twoRegimes(300, 10);
    const model = new MixtureOfExperts(linear).fit(x, y);
    const scaled = x.map(([a = 0, b = 0]) => [1e9 + 1000 * a, 1e-7 * b]);
    const other = new MixtureOfExperts(linear).fit(scaled, y);
    expect(other.logLikelihood(scaled, y)).toBeCloseTo(model.logLikelihood(x, y), 4);
    // gate: two slopes and a constant; then slope, slope and constant of each expert
    const [, , , , first = 0, firstConstant = 0, , second = 0, secondConstant = 0] = model.parameters;
    const found = [
      [first, firstConstant],
      [second, secondConstant],
    ].sort(([a = 0], [b = 0]) => a - b);
    expect(found[0]?.[0]).toBeCloseTo(-1, 1);
    expect(found[0]?.[1]).toBeCloseTo(-1, 1);
    expect(found[1]?.[0]).toBeCloseTo(2, 1);
    expect(found[1]?.[1]).toBeCloseTo(3, 1);
  });

  it('draws samples whose refit finds the same mixture, the same ones for a seed', () => {
    const { linear: y, x } = twoRegimes(400, 3);
    const model = new MixtureOfExperts(linear).fit(x, y);
    const drawn = model.sample(x, Rng.fromSeed(1));
    expect(model.sample(x, Rng.fromSeed(1))).toEqual(drawn);
    const again = new MixtureOfExperts(linear).fit(x, drawn);
    expect(again.predict([[1.5, 1]])[0]?.[0]).toBeCloseTo(model.predict([[1.5, 1]])[0]?.[0] as number, 0);
    expect(Math.abs(again.logLikelihood(x, drawn) - model.logLikelihood(x, drawn))).toBeLessThan(0.05);
  });

  it('draws labels of the known ones', () => {
    const { labels, x } = twoRegimes(200, 4);
    const model = new MixtureOfExperts(logistic).fit(x, labels);
    expect(new Set(model.sample(x, Rng.fromSeed(0)).flat())).toEqual(new Set([2, 7]));
  });

  it.each(['em', 'squarem', 'gradient-em', 'gradient-descent'] as const)('is fitted by %s', (algorithm) => {
    const { labels, x } = twoRegimes(150, 5);
    const model = new MixtureOfExperts({ ...logistic, algorithm, maxIterations: 50, restarts: 2 }).fit(
      x,
      labels,
    );
    const { losses } = model.outcome;
    expect(losses.at(-1)).toBeLessThan(losses[0] as number);
  });

  it.each([
    'tanh',
    'sigmoid',
    'cos',
    { power: 3 },
    { power: 0.5 },
    (row: Float64Array) => [(row[0] as number) ** 2],
  ] as const)('has a gate that sees %s of the input', (transform) => {
    const { linear: y, x } = twoRegimes(200, 6);
    const model = new MixtureOfExperts({ ...linear, transform, restarts: 2 }).fit(x, y);
    expect(model.warnings).toEqual([]);
    expect(model.parameters.every(Number.isFinite)).toBe(true);
  });

  it('warns of a transform that is affine, the case the theory excludes', () => {
    const { linear: y, x } = twoRegimes(100, 7);
    const affine = (row: Float64Array) => row.map((v) => 2 * v - 1);
    const model = new MixtureOfExperts({ ...linear, transform: affine, restarts: 1 }).fit(x, y);
    expect(model.warnings).toHaveLength(1);
    expect(model.warnings[0]).toContain('affine');
    expect(new MixtureOfExperts({ ...linear, restarts: 1 }).fit(x, y).warnings).toEqual([]);
  });
});

describe('MixtureOfExperts on difficult data', () => {
  const { labels, linear: y, x } = twoRegimes(60, 8);
  const finite = (model: MixtureOfExperts) => {
    expect(model.parameters.every(Number.isFinite)).toBe(true);
    expect(model.predict(x).flat().every(Number.isFinite)).toBe(true);
    expect(Number.isFinite(model.outcome.losses.at(-1))).toBe(true);
  };

  it('fits labels that a line separates, with finite parameters', () => {
    const separable = x.map(([a = 0]) => (a > 0 ? 1 : 0));
    const model = new MixtureOfExperts(logistic).fit(x, separable);
    finite(model);
    expect(model.predict(x).flat()).toEqual(separable);
  });

  it('fits constant and repeated features', () => {
    const constant = x.map(([a = 0]) => [a, 3, a]);
    const model = new MixtureOfExperts(linear).fit(constant, y);
    expect(model.parameters.every(Number.isFinite)).toBe(true);
    expect(Number.isFinite(model.logLikelihood(constant, y))).toBe(true);
    const classifier = new MixtureOfExperts(logistic).fit(constant, labels);
    expect(classifier.parameters.every(Number.isFinite)).toBe(true);
  });

  it('fits more features than samples', () => {
    const rng = Rng.fromSeed(9);
    const wide = Array.from({ length: 8 }, () => Array.from({ length: 20 }, () => rng.normal()));
    const model = new MixtureOfExperts(linear).fit(wide, y.slice(0, 8));
    expect(model.parameters.every(Number.isFinite)).toBe(true);
  });

  it('fits outputs that are all the same', () =>
    finite(
      new MixtureOfExperts(linear).fit(
        x,
        x.map(() => 4),
      ),
    ));

  it('leaves a component that nothing is left for as it is', () => {
    finite(new MixtureOfExperts({ ...linear, components: 12, restarts: 2 }).fit(x, y));
    finite(new MixtureOfExperts({ ...logistic, components: 12, restarts: 2 }).fit(x, labels));
  });

  it('knows labels that do not occur when told of them', () => {
    const model = new MixtureOfExperts({ ...logistic, labels: [2, 5, 7] }).fit(x, labels);
    finite(model);
    expect(model.predictProbabilities(x).every(([, never = 1]) => never < 0.01)).toBe(true);
  });

  it('stays finite and never loses likelihood, whatever units and accidents the data have', () => {
    const rng = Rng.fromSeed(5);
    for (let i = 0; i < 150; i++) {
      const accident = rng.integer(5);
      const scale = 10 ** rng.uniform(-9, 9);
      const unit = 10 ** rng.uniform(-9, 9);
      const rows = Array.from({ length: 6 + rng.integer(25) }, () =>
        Array.from({ length: 1 + (i % 4) }, (_, d) => {
          if (accident === 0 && d === 0) return 3;
          if (accident === 1) return rng.integer(2);
          return rng.normal(accident === 2 && d === 0 ? 1e12 : 0, scale);
        }),
      );
      if (accident === 3) rows.fill(rows[0] as number[], 0, 5);
      const experts = i % 2 === 0 ? 'linear' : 'logistic';
      const outputs = rows.map((_, at) =>
        experts === 'logistic' ? at % 3 : accident === 4 ? unit : rng.normal(0, unit),
      );
      const algorithm = i % 3 === 0 ? 'em' : 'squarem';
      const model = new MixtureOfExperts({
        components: 1 + rng.integer(6),
        experts,
        algorithm,
        restarts: 1,
        maxIterations: 25,
      }).fit(rows, outputs);
      const told = `problem ${i}`;
      expect(model.parameters.every(Number.isFinite), told).toBe(true);
      expect(model.predict(rows).flat().every(Number.isFinite), told).toBe(true);
      expect(Number.isFinite(model.logLikelihood(rows, outputs)), told).toBe(true);
      model.outcome.losses.forEach((loss, t, losses) => {
        if (t > 0)
          expect(loss, told).toBeLessThanOrEqual((losses[t - 1] as number) + 1e-9 * (1 + Math.abs(loss)));
      });
    }
  });

  it.each([
    ['not a number in x', () => new MixtureOfExperts(linear).fit([[1], [Number.NaN], [2]], [1, 2, 3])],
    ['not a number in y', () => new MixtureOfExperts(linear).fit([[1], [2], [3]], [1, Number.NaN, 3])],
    ['not a number among labels', () => new MixtureOfExperts(logistic).fit([[1], [2]], [Number.NaN, 1])],
    [
      'one class only',
      () =>
        new MixtureOfExperts(logistic).fit(
          x,
          x.map(() => 1),
        ),
    ],
    [
      'fewer samples than components',
      () => new MixtureOfExperts({ ...linear, components: 5 }).fit([[1], [2]], [1, 2]),
    ],
    ['no samples', () => new MixtureOfExperts(linear).fit([], [])],
    ['rows of different length', () => new MixtureOfExperts(linear).fit([[1, 2], [2]], [1, 2])],
    ['x and y of different length', () => new MixtureOfExperts(linear).fit([[1], [2]], [1])],
    ['prediction before a fit', () => new MixtureOfExperts(linear).predict([[1]])],
    [
      'inputs of another length',
      () => new MixtureOfExperts({ ...linear, restarts: 1 }).fit(x, y).predict([[1]]),
    ],
    [
      'a transform that is not finite',
      () => new MixtureOfExperts({ ...linear, transform: (row) => row.map(Math.log) }).fit(x, y),
    ],
  ])('refuses %s', (_, attempt) => {
    expect(attempt).toThrow(FitError);
  });

  it('refuses settings that make no sense', () => {
    expect(() => new MixtureOfExperts({ ...linear, components: 0 })).toThrow(ConfigError);
    expect(() => new MixtureOfExperts({ ...linear, variance: -1 })).toThrow(ConfigError);
    expect(() => new MixtureOfExperts({ ...linear, transform: { power: 0 } }).fit(x, y)).toThrow(ConfigError);
    expect(() => new MixtureOfExperts({ ...linear, algorithm: 'gradient-em' }).fit(x, y)).toThrow(
      ConfigError,
    );
  });
});
