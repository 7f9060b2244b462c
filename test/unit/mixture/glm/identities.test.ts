import { describe, expect, it } from 'vitest';
import { toFeatures } from '../../../../src/mixture/glm/features.ts';
import { GatedMixture } from '../../../../src/mixture/glm/gated-mixture.ts';
import { fitModel } from '../../../../src/mixture/glm/iterations.ts';
import type { InformativeModel, LatentModel } from '../../../../src/mixture/glm/latent-model.ts';
import { largestMissingShare, missingInformation } from '../../../../src/mixture/glm/missing-information.ts';
import { sigmoid } from '../../../../src/mixture/glm/symmetric-mixture.ts';
import { Rng } from '../../../../src/random.ts';
import { symmetricProblem } from './problems.ts';

const size = { samples: 400, inputs: 4, gateNorm: 2, expertNorm: 2 };

function largest(values: Iterable<number>): number {
  return Math.max(...[...values].map(Math.abs));
}

/** Differentiates the loss by central differences. */
function numericGradient(model: LatentModel, theta: Float64Array): Float64Array {
  return theta.map((_, d) => {
    const at = (step: number) => model.loss(theta.with(d, (theta[d] as number) + step));
    return (at(1e-5) - at(-1e-5)) / 2e-5;
  });
}

/** General mixtures with fixed variance, of both kinds, whose components overlap. */
function generalModel(kind: 'linear' | 'logistic', components = 3): GatedMixture {
  const rng = Rng.fromSeed(3).fork(kind);
  const x = Array.from({ length: 800 }, () => [rng.normal(), rng.normal()]);
  const features = toFeatures(x, { intercept: true });
  const z = x.map(([a = 0]) => (rng.uniform() < sigmoid(1.5 * a) ? 1 : -1));
  const values = Float64Array.from(x, ([, b = 0], i) => (z[i] as number) * (1 + b) + rng.normal(0, 0.7));
  const labels = Int32Array.from(x, ([, b = 0], i) => {
    const logit = (z[i] as number) * (1 + 2 * b);
    return rng.categorical([Math.exp(logit), Math.exp(-logit), 1]);
  });
  const outcomes =
    kind === 'linear'
      ? ({ kind, values, width: 1, variance: 0.5 } as const)
      : ({ kind, labels, classes: 3 } as const);
  return new GatedMixture(features, features, outcomes, { components });
}

function randomTheta(length: number, seed: number, scale = 1): Float64Array {
  const rng = Rng.fromSeed(seed);
  return Float64Array.from({ length }, () => rng.normal(0, scale));
}

describe.each(['linear', 'logistic'] as const)('EM of symmetric %s experts is mirror descent', (experts) => {
  it('steps by ∇A(θ⁺) = ∇A(θ) − ∇L(θ), to 1e-10', () => {
    for (let seed = 0; seed < 10; seed++) {
      const { model, start } = symmetricProblem(experts, size, seed);
      const next = model.maximize(start);
      const stepped = model.mirrorGradient(start);
      const gradient = model.gradient(start);
      const reached = model.mirrorGradient(next);
      expect(
        largest(reached.map((g, d) => g - (stepped[d] as number) + (gradient[d] as number))),
      ).toBeLessThan(1e-10);
    }
  });

  it('has the gradient of its loss', () => {
    const { model, start } = symmetricProblem(experts, size, 1);
    const numeric = numericGradient(model, start);
    expect(largest(model.gradient(start).map((g, d) => g - (numeric[d] as number)))).toBeLessThan(1e-8);
  });

  it('contracts by the largest share of missing information, within 5 %', () => {
    for (let seed = 0; seed < 4; seed++) {
      const { model, start } = symmetricProblem(experts, { ...size, samples: 2000 }, seed);
      const { theta: optimum } = fitModel(model, start, 'squarem', { maxIterations: 200, tolerance: 1e-16 });
      let fixed = optimum;
      for (let step = 0; step < 40; step++) fixed = model.maximize(fixed);
      const predicted = largestMissingShare(model, fixed) as number;
      // a small disturbance, brought back to its size after every update, turns into the slowest direction
      let offset = fixed.map((_, d) => (d % 2 === 0 ? 1e-4 : -1e-4));
      let ratio = 0;
      for (let step = 0; step < 40; step++) {
        const length = Math.hypot(...offset);
        const moved = model.maximize(fixed.map((t, d) => t + (offset[d] as number)));
        const left = moved.map((t, d) => t - (fixed[d] as number));
        ratio = Math.hypot(...left) / length;
        offset = left.map((v) => (v * length) / Math.hypot(...left));
      }
      expect(predicted).toBeLessThan(1);
      expect(ratio / predicted).toBeGreaterThan(0.95);
      expect(ratio / predicted).toBeLessThan(1.05);
    }
  });
});

describe.each(['linear', 'logistic'] as const)('a general mixture of %s experts', (kind) => {
  it('has the gradient of its loss', () => {
    const model = generalModel(kind);
    const theta = randomTheta(model.size, 5);
    const numeric = numericGradient(model, theta);
    expect(largest(model.gradient(theta).map((g, d) => g - (numeric[d] as number)))).toBeLessThan(1e-7);
  });

  it('has complete minus lost information as the Hessian of its loss', () => {
    const model: InformativeModel = generalModel(kind);
    const theta = randomTheta(model.size, 6, 0.5);
    const complete = model.completeInformation(theta);
    const lost = model.lostInformation(theta);
    for (let column = 0; column < model.size; column++) {
      const at = (step: number) => model.gradient(theta.with(column, (theta[column] as number) + step));
      const up = at(1e-5);
      const down = at(-1e-5);
      for (let row = 0; row < model.size; row++) {
        const hessian = ((up[row] as number) - (down[row] as number)) / 2e-5;
        const index = row * model.size + column;
        expect(hessian).toBeCloseTo((complete[index] as number) - (lost[index] as number), 5);
      }
    }
  });

  it('moves near a fixed point as the missing-information matrix says', () => {
    const model = generalModel(kind, 2);
    const truth = { linear: [0, 1, 1, 0, -1, -1], logistic: [0, 2, 1, 0, -2, -1, 0, -2, -1, 0, 2, 1] }[kind];
    const fit = fitModel(model, Float64Array.of(1.5, 0, 0, ...truth), 'squarem', {
      maxIterations: 3000,
      tolerance: 1e-15,
    });
    const matrix = missingInformation(model, fit.theta);
    if (matrix === undefined) throw new Error('complete data determine these parameters');
    const direction = randomTheta(model.size, 8, 1e-4);
    const up = model.maximize(fit.theta.map((t, d) => t + (direction[d] as number)));
    const down = model.maximize(fit.theta.map((t, d) => t - (direction[d] as number)));
    for (let row = 0; row < model.size; row++) {
      let predicted = 0;
      for (let c = 0; c < model.size; c++) {
        predicted += (matrix[row * model.size + c] as number) * (direction[c] as number);
      }
      const moved = ((up[row] as number) - (down[row] as number)) / 2;
      expect(Math.abs(moved - predicted)).toBeLessThan(2e-2 * largest(direction));
    }
  });
});

describe('every fit', () => {
  it('never loses likelihood over 1000 random problems, and never diverges at gate norm 4', () => {
    let problems = 0;
    for (let seed = 0; problems < 1000; seed++) {
      const small = {
        samples: 25 + (seed % 40),
        inputs: 1 + (seed % 3),
        gateNorm: 4,
        expertNorm: 1 + (seed % 4),
      };
      for (const experts of ['linear', 'logistic'] as const) {
        const { model, start } = symmetricProblem(experts, small, seed);
        for (const algorithm of ['em', seed % 2 === 0 ? 'squarem' : 'gradient-em'] as const) {
          const { losses, theta } = fitModel(model, start, algorithm, { maxIterations: 8, tolerance: 0 });
          for (let t = 1; t < losses.length; t++) {
            expect(losses[t] as number, `${experts} ${algorithm} ${seed}`).toBeLessThanOrEqual(
              (losses[t - 1] as number) + 1e-12,
            );
          }
          expect(theta.every(Number.isFinite)).toBe(true);
          problems++;
        }
      }
    }
  });

  it('finds the same optimum at gate norm 4 from the truth in every run, with a finite gate', () => {
    for (let seed = 0; seed < 12; seed++) {
      const problem = symmetricProblem(
        'linear',
        { samples: 1000, inputs: 10, gateNorm: 4, expertNorm: 4 },
        seed,
      );
      const { theta } = fitModel(problem.model, problem.start, 'em', { maxIterations: 60, tolerance: 1e-12 });
      const beta = problem.truth.subarray(10);
      const error = Math.hypot(...theta.subarray(10).map((b, d) => b - (beta[d] as number))) / 4;
      expect(error).toBeLessThan(0.1);
      expect(Math.hypot(...theta.subarray(0, 10))).toBeLessThan(10);
    }
  });

  it('reaches by SQUAREM the optimum that EM reaches, in fewer EM updates', () => {
    const { model, start } = symmetricProblem('logistic', { ...size, samples: 1500 }, 4);
    const em = fitModel(model, start, 'em', { maxIterations: 20_000, tolerance: 1e-14 });
    const fast = fitModel(model, start, 'squarem', { maxIterations: 20_000, tolerance: 1e-14 });
    expect(fast.losses.at(-1)).toBeLessThanOrEqual((em.losses.at(-1) as number) + 1e-9);
    expect(3 * fast.iterations).toBeLessThan(em.iterations);
  });
});
