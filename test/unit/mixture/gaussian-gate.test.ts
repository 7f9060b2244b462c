import { describe, expect, it } from 'vitest';
import { Curriculum } from '../../../src/mixture/curriculum.ts';
import { GaussianGate } from '../../../src/mixture/gaussian-gate.ts';
import { Rng } from '../../../src/random.ts';

const span = { from: 0, to: 1, learningRate: () => 0, phase: 'gate' };

/** Two clouds of observations, of different size and spread; each component holds one of them. */
function clouds() {
  const rng = Rng.fromSeed(0);
  const observations = new Float32Array(600);
  const logWeights = new Float64Array(600).fill(-Infinity);
  for (let i = 0; i < 300; i++) {
    const second = i >= 200;
    observations[2 * i] = rng.normal(second ? 1 : -1, second ? 0.2 : 1);
    observations[2 * i + 1] = rng.normal(0, 0.5) + 0.5 * (observations[2 * i] as number);
    logWeights[2 * i + (second ? 1 : 0)] = 0;
  }
  const unitStarts = Int32Array.from({ length: 301 }, (_, i) => i);
  const data = {
    ...{ observations, unitStarts, observationSize: 2 },
    actions: new Float32Array(300),
    actionSize: 1,
  };
  return {
    data,
    curriculum: Curriculum.fromState(2, 'paper', { logWeights, posteriorIsUniform: false }),
  };
}

/** p(z) N(o; m, S) of the component that holds observations `first` .. `end`, written out for two dimensions. */
function density(
  values: Float32Array,
  first: number,
  end: number,
  at: number,
  regularization: number,
): number {
  const n = end - first;
  const [m, s] = [
    [0, 0],
    [regularization, 0, regularization],
  ] as [number[], number[]];
  const value = (i: number, d: number) => values[2 * i + d] as number;
  for (let i = first; i < end; i++) for (const d of [0, 1]) m[d] = (m[d] as number) + value(i, d) / n;
  const [mx, my] = m as [number, number];
  for (let i = first; i < end; i++) {
    const [dx, dy] = [value(i, 0) - mx, value(i, 1) - my];
    [dx * dx, dx * dy, dy * dy].forEach((product, k) => {
      s[k] = (s[k] as number) + product / n;
    });
  }
  const [a, b, c] = s as [number, number, number];
  const [dx, dy] = [value(at, 0) - mx, value(at, 1) - my];
  const determinant = a * c - b * b;
  const squared = (c * dx * dx - 2 * b * dx * dy + a * dy * dy) / determinant;
  return ((n / 300) * Math.exp(-0.5 * squared)) / Math.sqrt(determinant);
}

describe('a gate of Gaussian contexts', () => {
  it('answers with p(z) N(o; m_z, S_z), normalized', async () => {
    const { data, curriculum } = clouds();
    const gate = new GaussianGate(data, { components: 2, regularization: 1e-3 });
    await gate.improve(curriculum, span);
    const answers = await gate.logProbabilities();
    for (const at of [0, 57, 199, 200, 250, 299]) {
      const first = density(data.observations, 0, 200, at, 1e-3);
      const second = density(data.observations, 200, 300, at, 1e-3);
      expect(Math.exp(answers[2 * at + 1] as number)).toBeCloseTo(second / (first + second), 5);
    }
  });

  it('takes its contexts from the steps at which it will be asked, and nothing else', async () => {
    const { data, curriculum } = clouds();
    const asked = Array.from({ length: 300 }, (_, step) => step).filter((step) => step < 100 || step >= 200);
    const contextSteps = Int32Array.from(asked);
    const gate = new GaussianGate(data, { components: 2, regularization: 1e-3, contextSteps });
    await gate.improve(curriculum, span);
    const answers = await gate.logProbabilities();
    for (const at of [0, 57, 199, 250]) {
      // p(z) is that of the curricula, in which the first component has 200 units
      const first = 2 * density(data.observations, 0, 100, at, 1e-3);
      const second = density(data.observations, 200, 300, at, 1e-3);
      expect(Math.exp(answers[2 * at + 1] as number)).toBeCloseTo(second / (first + second), 5);
    }
  });

  it('is uniform before it has seen a curriculum', async () => {
    const gate = new GaussianGate(clouds().data, { components: 4, regularization: 1e-3 });
    expect(await gate.meanEntropy()).toBeCloseTo(Math.log(4), 12);
  });

  it('stays finite when a component holds a single observation', async () => {
    const { data } = clouds();
    const gate = new GaussianGate(data, { components: 2, regularization: 1e-3 });
    const seeds = [
      [0, 1],
      [1, 300],
    ] as const;
    await gate.improve(Curriculum.seeded(300, seeds, 'paper'), span);
    expect((await gate.logProbabilities()).every(Number.isFinite)).toBe(true);
  });
});
