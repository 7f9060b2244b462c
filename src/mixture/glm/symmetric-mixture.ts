import { FitError } from '../../errors.ts';
import {
  accumulate,
  checkFinite,
  type Features,
  type InputRows,
  largestCurvature,
  project,
  toFeatures,
  weightedGram,
} from './features.ts';
import type { Block, InformativeModel } from './latent-model.ts';
import { exactNewton, fitMultinomial, type NewtonOptions } from './multinomial-regression.ts';
import { fitLeastSquares } from './weighted-least-squares.ts';

/** What the two experts are: `linear` with unit Gaussian noise, or `logistic` on labels ±1. */
export type SymmetricExperts = 'linear' | 'logistic';

/** Computes log(1 + eᵃ) without overflow. */
function softplus(a: number): number {
  return a > 0 ? a + Math.log1p(Math.exp(-a)) : Math.log1p(Math.exp(a));
}

/** Computes 1 / (1 + e⁻ᵃ) without overflow. */
export function sigmoid(a: number): number {
  if (a >= 0) return 1 / (1 + Math.exp(-a));
  const e = Math.exp(a);
  return e / (1 + e);
}

const LOG_SQRT_2PI = 0.5 * Math.log(2 * Math.PI);

/** θ = (w, β), split. */
function projections(features: Features, theta: Float64Array): { gate: Float64Array; expert: Float64Array } {
  const gate = new Float64Array(features.rows);
  const expert = new Float64Array(features.rows);
  project(features, theta, 1, gate);
  project(features, theta, 1, expert, features.columns);
  return { gate, expert };
}

/**
 * The symmetric mixture of two experts ±β with a logistic gate P(z = 1|x) = σ(xᵀw), with its data: SymMoLinE and
 * SymMoLogE of "Learning Mixtures of Experts with EM: A Mirror Descent Perspective" (arXiv 2411.06056). Parameters are
 * θ = (w, β), shape `[2K]`. No intercept is added.
 *
 * EM is here mirror descent with unit step for the map A of {@link mirrorGradient}.
 */
export class SymmetricMixture implements InformativeModel {
  readonly experts: SymmetricExperts;
  readonly size: number;
  readonly blocks: readonly Block[];
  readonly #features: Features;
  readonly #y: Float64Array;
  readonly #newton: NewtonOptions;

  /**
   * @param x - N rows of K inputs.
   * @param y - shape `[N]`: numbers for linear experts, -1 or 1 for logistic ones.
   * @throws FitError when shapes differ, a value is not finite, or a label is neither -1 nor 1.
   */
  constructor(x: InputRows, y: ArrayLike<number>, experts: SymmetricExperts, newton = exactNewton) {
    this.#features = toFeatures(x, { intercept: false });
    this.#y = Float64Array.from(y);
    this.#newton = newton;
    this.experts = experts;
    const { columns, rows } = this.#features;
    if (y.length !== rows) {
      throw new FitError({ what: 'x and y differ in length', found: `${rows} rows of x, ${y.length} of y` });
    }
    for (let i = 0; i < rows; i++) {
      checkFinite([this.#y[i] as number], i, 'y');
      if (experts === 'logistic' && Math.abs(this.#y[i] as number) !== 1) {
        throw new FitError({
          what: 'A label is neither -1 nor 1',
          where: `y[${i}]`,
          found: String(this.#y[i]),
        });
      }
    }
    this.size = 2 * columns;
    const curvature = largestCurvature(this.#features);
    this.blocks = [
      { start: 0, end: columns, curvature: curvature / 4 },
      { start: columns, end: 2 * columns, curvature: experts === 'linear' ? curvature : curvature / 4 },
    ];
  }

  loss(theta: Float64Array): number {
    const { gate, expert } = projections(this.#features, theta);
    let total = 0;
    for (let i = 0; i < gate.length; i++) {
      const a = gate[i] as number;
      const m = expert[i] as number;
      const y = this.#y[i] as number;
      const first = -softplus(-a) + this.#logDensity(y, m);
      const second = -softplus(a) + this.#logDensity(y, -m);
      total -= Math.max(first, second) + Math.log1p(Math.exp(-Math.abs(first - second)));
    }
    return total / gate.length;
  }

  #logDensity(y: number, m: number): number {
    return this.experts === 'linear' ? -0.5 * (y - m) * (y - m) - LOG_SQRT_2PI : -softplus(-y * m);
  }

  /** Computes r_i = P(z = 1 | x_i, y_i), shape `[N]`. */
  responsibilities(theta: Float64Array): Float64Array {
    const { gate, expert } = projections(this.#features, theta);
    const scale = this.experts === 'linear' ? 2 : 1;
    return gate.map((a, i) => sigmoid(a + scale * (this.#y[i] as number) * (expert[i] as number)));
  }

  gradient(theta: Float64Array): Float64Array {
    const model = this.mirrorGradient(theta);
    const data = this.expectedStatistics(theta);
    return model.map((value, d) => value - (data[d] as number));
  }

  /**
   * Computes ∇A(θ), the mirror map's gradient: A = E[log(1 + e^{xᵀw}) + ½(xᵀβ)²] for linear experts,
   * E[log(1 + e^{xᵀw}) + log(2 cosh(xᵀβ/2))] for logistic ones.
   */
  mirrorGradient(theta: Float64Array): Float64Array {
    const { gate, expert } = projections(this.#features, theta);
    const mean = this.experts === 'linear' ? (m: number) => m : (m: number) => 0.5 * Math.tanh(m / 2);
    return this.#meanOver(gate.map(sigmoid), expert.map(mean));
  }

  /** Computes E[s|θ], the expected sufficient statistics given the data: what ∇A of the next iterate equals. */
  expectedStatistics(theta: Float64Array): Float64Array {
    const r = this.responsibilities(theta);
    const scale = this.experts === 'linear' ? 1 : 0.5;
    return this.#meanOver(
      r,
      r.map((ri, i) => scale * (2 * ri - 1) * (this.#y[i] as number)),
    );
  }

  /** Averages (g·x, e·x) over the samples. */
  #meanOver(gateFactors: Float64Array, expertFactors: Float64Array): Float64Array {
    const { columns, rows } = this.#features;
    const mean = new Float64Array(2 * columns);
    accumulate(this.#features, gateFactors, 1, mean);
    accumulate(this.#features, expertFactors, 1, mean, columns);
    return mean.map((v) => v / rows);
  }

  maximize(theta: Float64Array): Float64Array {
    const { columns } = this.#features;
    const r = this.responsibilities(theta);
    const next = new Float64Array(this.size);
    next.set(this.#logistic(r, theta.subarray(0, columns)));
    const flipped = r.map((ri, i) => (2 * ri - 1) * (this.#y[i] as number));
    const expert =
      this.experts === 'linear'
        ? fitLeastSquares(this.#features, flipped, 1)
        : this.#logistic(
            flipped.map((f) => 0.5 + 0.5 * f),
            theta.subarray(columns),
          );
    next.set(expert, columns);
    return next;
  }

  /** Fits a logistic regression to P(label = 1), shape `[N]`. */
  #logistic(probabilities: Float64Array, start: Float64Array): Float64Array {
    const targets = new Float64Array(2 * probabilities.length);
    probabilities.forEach((p, i) => {
      targets[2 * i] = p;
      targets[2 * i + 1] = 1 - p;
    });
    const regression = { labels: { targets, classes: 2 }, weights: start };
    return fitMultinomial(this.#features, regression, this.#newton).weights;
  }

  completeInformation(theta: Float64Array): Float64Array {
    const { columns, rows } = this.#features;
    const { gate, expert } = projections(this.#features, theta);
    const variance = (a: number) => (sigmoid(a) * sigmoid(-a)) / rows;
    const gateBlock = weightedGram(this.#features, gate.map(variance));
    const expertBlock = weightedGram(
      this.#features,
      this.experts === 'linear' ? new Float64Array(rows).fill(1 / rows) : expert.map(variance),
    );
    return assemble(columns, gateBlock, new Float64Array(columns * columns), expertBlock);
  }

  lostInformation(theta: Float64Array): Float64Array {
    const { columns, rows } = this.#features;
    const r = this.responsibilities(theta);
    const scale = this.experts === 'linear' ? 2 : 1;
    const weight = r.map((ri) => (ri * (1 - ri)) / rows);
    const factor = (i: number) => scale * (this.#y[i] as number);
    const gateBlock = weightedGram(this.#features, weight);
    const crossBlock = weightedGram(
      this.#features,
      weight.map((v, i) => v * factor(i)),
    );
    const expertBlock = weightedGram(
      this.#features,
      weight.map((v, i) => v * factor(i) ** 2),
    );
    return assemble(columns, gateBlock, crossBlock, expertBlock);
  }
}

/** Joins four blocks of shape `[n, n]`, the off-diagonal ones equal, into one of shape `[2n, 2n]`. */
function assemble(n: number, first: Float64Array, cross: Float64Array, second: Float64Array): Float64Array {
  const joined = new Float64Array(4 * n * n);
  for (let a = 0; a < n; a++) {
    for (let b = 0; b < n; b++) {
      const at = a * n + b;
      joined[a * 2 * n + b] = first[at] as number;
      joined[a * 2 * n + n + b] = cross[at] as number;
      joined[(n + a) * 2 * n + b] = cross[at] as number;
      joined[(n + a) * 2 * n + n + b] = second[at] as number;
    }
  }
  return joined;
}
