import { describe, expect, it } from 'vitest';
import { takeStep } from '../../../src/policies/diffusion-planner.ts';
import {
  cosineSchedule,
  predictions,
  predictionTarget,
  type ReverseStep,
  reverseSteps,
  type Sampler,
  timeFeatures,
} from '../../../src/policies/diffusion-schedule.ts';
import { Rng } from '../../../src/random.ts';

const betas = (steps: number) => {
  const alphaBar = cosineSchedule(steps);
  return Array.from({ length: steps }, (_, i) => 1 - (alphaBar[i + 1] as number) / (alphaBar[i] as number));
};

/** The noise that a perfect denoiser of N(mean, variance) data predicts, as a linear function of x: [slope, offset]. */
function perfect(alphaBar: number, mean: number, variance: number): readonly [number, number] {
  const slope = Math.sqrt(1 - alphaBar) / (alphaBar * variance + 1 - alphaBar);
  return [slope, -slope * Math.sqrt(alphaBar) * mean];
}

/** Follows mean and variance of x through all steps exactly: every step is linear in x with a perfect denoiser. */
function exactMoments(steps: number, sampler: Sampler, count: number, mean: number, variance: number) {
  const alphaBar = cosineSchedule(steps);
  let [m, v] = [0, 1];
  const options = { sampler, prediction: 'noise', count } as const;
  for (const { clean, fromOutput, fromSample, keep, noise, time } of reverseSteps(alphaBar, options)) {
    const [slope, offset] = perfect(alphaBar[time] as number, mean, variance);
    const factor = clean * (fromSample + fromOutput * slope) + keep;
    m = factor * m + clean * fromOutput * offset;
    v = factor ** 2 * v + noise ** 2;
  }
  return { mean: m, deviation: Math.sqrt(v) };
}

describe('the cosine schedule', () => {
  it('has the published variances of steps', () => {
    const four = betas(4);
    for (const [i, beta] of [0.153, 0.417, 0.7079, 0.999].entries()) expect(four[i]).toBeCloseTo(beta, 4);
    expect(betas(8)[0]).toBeCloseTo(0.0422, 4);
    expect(betas(16)[0]).toBeCloseTo(0.0119, 4);
    expect(betas(50)[0]).toBeCloseTo(0.0017, 4);
    expect(betas(100)[0]).toBeCloseTo(0.0006, 4);
  });
});

describe('the steps of DDPM', () => {
  it('have the mean and variance of the posterior, by Bayes’ rule', () => {
    const alphaBar = cosineSchedule(10);
    for (const { clean, keep, noise, time } of reverseSteps(alphaBar, {
      sampler: 'ddpm',
      prediction: 'noise',
      count: 10,
    })) {
      const [now, next] = [alphaBar[time] as number, alphaBar[time - 1] as number];
      const alpha = now / next;
      if (time === 1) {
        expect([clean, keep, noise]).toEqual([expect.closeTo(1, 12), 0, 0]);
        continue;
      }
      // q(x_{t-1} | x_0) = N(√ᾱ_{t-1} x_0, 1 − ᾱ_{t-1}), q(x_t | x_{t-1}) = N(√α x_{t-1}, 1 − α)
      const precision = 1 / (1 - next) + alpha / (1 - alpha);
      expect(noise ** 2).toBeCloseTo(1 / precision, 10);
      expect(clean).toBeCloseTo(Math.sqrt(next) / (1 - next) / precision, 10);
      expect(keep).toBeCloseTo(Math.sqrt(alpha) / (1 - alpha) / precision, 10);
    }
  });

  it.each([
    [4, 0.66, 0.43],
    [8, 0.79, 0.62],
    [16, 0.88, 0.75],
    [50, 0.96, 0.88],
    [100, 0.98, 0.93],
  ])('narrow data by the known factors: %i steps', (steps, wide, narrow) => {
    expect(exactMoments(steps, 'ddpm', steps, 0, 1).deviation).toBeCloseTo(wide, 2);
    expect(exactMoments(steps, 'ddpm', steps, 0, 0.05).deviation / Math.sqrt(0.05)).toBeCloseTo(narrow, 2);
    expect(exactMoments(steps, 'ddpm', steps, 0.7, 0.05).mean).toBeCloseTo(0.7, 2);
  });
});

describe('the steps of DDIM', () => {
  it('keep at least 95 % of the spread in 100 steps, less in fewer', () => {
    expect(exactMoments(100, 'ddim', 100, 0, 1).deviation).toBeCloseTo(0.99, 2);
    expect(exactMoments(100, 'ddim', 100, 0, 0.05).deviation / Math.sqrt(0.05)).toBeGreaterThan(0.95);
    const sixteen = exactMoments(100, 'ddim', 16, 0, 1).deviation;
    expect(sixteen).toBeGreaterThan(0.9);
    expect(sixteen).toBeLessThan(0.97);
    expect(exactMoments(100, 'ddim', 16, -1.2, 0.05).mean).toBeCloseTo(-1.2, 1);
  });

  it('add no noise, and end at the estimate of the clean sample', () => {
    const steps = reverseSteps(cosineSchedule(20), { sampler: 'ddim', prediction: 'noise', count: 5 });
    expect(steps.map(({ time }) => time)).toEqual([20, 15, 11, 6, 1]);
    expect(steps.every(({ noise }) => noise === 0)).toBe(true);
    expect(steps.at(-1)).toMatchObject({ clean: 1, keep: 0 });
  });
});

describe('what a network predicts', () => {
  it.each(predictions)('gives the clean sample back exactly: %s', (prediction) => {
    const alphaBar = cosineSchedule(16);
    const [clean, noise] = [0.7, -1.3];
    for (const step of reverseSteps(alphaBar, { sampler: 'ddpm', prediction, count: 16 })) {
      const now = alphaBar[step.time] as number;
      const target = predictionTarget(prediction, now);
      const sample = Math.sqrt(now) * clean + Math.sqrt(1 - now) * noise;
      const output = target.clean * clean + target.noise * noise;
      expect(step.fromSample * sample + step.fromOutput * output).toBeCloseTo(clean, 8);
    }
  });
});

describe('denoising', () => {
  it.each(['ddpm', 'ddim'] as const)(
    'by %s gives samples with the moments of the exact recursion',
    (sampler) => {
      const [count, mean, variance] = [20_000, 0.5, 0.3];
      const alphaBar = cosineSchedule(16);
      const rng = Rng.fromSeed(2);
      const sample = Float32Array.from({ length: count }, () => rng.normal());
      const noise = new Float32Array(count);
      const bound = Float32Array.of(100);
      for (const step of reverseSteps(alphaBar, { sampler, prediction: 'noise', count: 16 })) {
        const [slope, offset] = perfect(alphaBar[step.time] as number, mean, variance);
        for (let i = 0; i < count; i++) noise[i] = slope * (sample[i] as number) + offset;
        takeStep(sample, noise, step, Float32Array.of(-100), bound);
        for (let i = 0; i < count; i++) sample[i] = (sample[i] as number) + rng.normal(0, step.noise);
      }
      const expected = exactMoments(16, sampler, 16, mean, variance);
      const found = sample.reduce((a, b) => a + b) / count;
      const deviation = Math.sqrt(sample.reduce((sum, x) => sum + (x - found) ** 2, 0) / count);
      expect(found).toBeCloseTo(expected.mean, 1);
      expect(deviation / expected.deviation).toBeGreaterThan(0.98);
      expect(deviation / expected.deviation).toBeLessThan(1.02);
    },
  );

  it('keeps the estimate within its bounds, each dimension within its own', () => {
    const step: ReverseStep = { time: 1, fromSample: 1, fromOutput: 0, clean: 1, keep: 0, noise: 0 };
    const sample = Float32Array.of(5, 5, -5, -5);
    takeStep(sample, new Float32Array(4), step, Float32Array.of(-1, -2), Float32Array.of(3, 4));
    expect([...sample]).toEqual([3, 4, -1, -2]);
  });

  it('is refused more steps than were trained', () => {
    expect(() => reverseSteps(cosineSchedule(8), { sampler: 'ddim', prediction: 'noise', count: 9 })).toThrow(
      'at most 8',
    );
  });
});

it('tells diffusion times apart', () => {
  const features = timeFeatures(100, 16);
  const rows = new Set<string>();
  for (let t = 0; t <= 100; t++) rows.add(features.slice(16 * t, 16 * (t + 1)).join());
  expect(rows.size).toBe(101);
});
