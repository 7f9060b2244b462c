import { choleskyFactor, solveLower, solveLowerTransposed } from './cholesky.ts';
import { accumulate, type Features, project, weightedGram } from './features.ts';

/** How far a maximization goes. */
export interface NewtonOptions {
  /** Ends after this many Newton steps. */
  readonly maxSteps: number;
  /** Ends when no component of the gradient of the mean is larger. */
  readonly tolerance: number;
  /** Conjugate-gradient steps for one Newton direction where the Hessian is too large to be factored. */
  readonly maxConjugateSteps: number;
}

/** To the last digits that double precision gives, as the theory's exact M-step wants it. */
export const exactNewton: NewtonOptions = { maxSteps: 100, tolerance: 1e-13, maxConjugateSteps: 1000 };

/** Up to this many parameters the Hessian is formed and factored; beyond, only its products are used. */
const LARGEST_FACTORED = 256;
/** The least share of the predicted decrease that a step must reach (Armijo). */
const ARMIJO = 1e-4;
/** Weights above this are beyond any use: data that can be separated would drive them on for ever. */
const LARGEST_LOGIT = 500;

/** A regression of soft labels. */
export interface SoftLabels {
  /** Label masses, row-major, shape `[N, classes]`, not negative: a row's sum is the weight of its sample. */
  readonly targets: Float64Array;
  /** K, the number of classes; the logits of the last one are zero. */
  readonly classes: number;
}

/** Probabilities and value at some logits: what each evaluation of the objective leaves. */
class Evaluation {
  readonly #features: Features;
  readonly #labels: SoftLabels;
  readonly #mass: Float64Array;
  readonly totalMass: number;
  /** c_i·p_ik minus the target, shape `[N, classes − 1]`. */
  readonly residuals: Float64Array;
  /** p_ik of the classes with parameters, shape `[N, classes − 1]`. */
  readonly probabilities: Float64Array;

  constructor(features: Features, labels: SoftLabels) {
    const { classes, targets } = labels;
    this.#features = features;
    this.#labels = labels;
    this.#mass = new Float64Array(features.rows);
    for (let i = 0; i < features.rows; i++) {
      let mass = 0;
      for (let k = 0; k < classes; k++) mass += targets[i * classes + k] as number;
      this.#mass[i] = mass;
    }
    this.totalMass = this.#mass.reduce((a, b) => a + b, 0);
    this.residuals = new Float64Array(features.rows * (classes - 1));
    this.probabilities = new Float64Array(features.rows * (classes - 1));
  }

  get mass(): Float64Array {
    return this.#mass;
  }

  /**
   * Computes the weighted mean of the cross entropy at logits + step·direction.
   *
   * @param keep - whether probabilities and residuals of this point are kept.
   */
  at(logits: Float64Array, direction: Float64Array | undefined, step: number, keep: boolean): number {
    const { classes, targets } = this.#labels;
    const free = classes - 1;
    const z = new Float64Array(free);
    let total = 0;
    for (let i = 0; i < this.#features.rows; i++) {
      const mass = this.#mass[i] as number;
      let top = 0;
      for (let k = 0; k < free; k++) {
        const at = i * free + k;
        z[k] = (logits[at] as number) + (direction === undefined ? 0 : step * (direction[at] as number));
        if ((z[k] as number) > top) top = z[k] as number;
      }
      let sum = Math.exp(-top);
      for (let k = 0; k < free; k++) sum += Math.exp((z[k] as number) - top);
      const logSum = top + Math.log(sum);
      total += mass * logSum;
      for (let k = 0; k < free; k++) {
        const target = targets[i * classes + k] as number;
        total -= target * (z[k] as number);
        if (!keep) continue;
        const p = Math.exp((z[k] as number) - logSum);
        this.probabilities[i * free + k] = p;
        this.residuals[i * free + k] = mass * p - target;
      }
    }
    return total / this.totalMass;
  }
}

/** Multiplies the Hessian of the mean with a vector of shape `[classes − 1, K]`. */
function hessianProduct(
  features: Features,
  evaluation: Evaluation,
  free: number,
  vector: Float64Array,
): Float64Array {
  const projected = new Float64Array(features.rows * free);
  project(features, vector, free, projected);
  for (let i = 0; i < features.rows; i++) {
    let mean = 0;
    for (let k = 0; k < free; k++) {
      mean += (evaluation.probabilities[i * free + k] as number) * (projected[i * free + k] as number);
    }
    const mass = evaluation.mass[i] as number;
    for (let k = 0; k < free; k++) {
      const at = i * free + k;
      projected[at] = mass * (evaluation.probabilities[at] as number) * ((projected[at] as number) - mean);
    }
  }
  const product = new Float64Array(vector.length);
  accumulate(features, projected, free, product);
  for (let d = 0; d < product.length; d++) product[d] = (product[d] as number) / evaluation.totalMass;
  return product;
}

/**
 * Forms the Hessian of Σ_i c_i·log Σ_k exp(w_k·x_i): E[c (diag p − p pᵀ) ⊗ x xᵀ].
 *
 * @param probabilities - shape `[N, free]`.
 * @param mass - c, shape `[N]`.
 * @returns row-major, shape `[free·K, free·K]`, divided by `divisor`.
 */
export function multinomialHessian(
  features: Features,
  probabilities: Float64Array,
  free: number,
  mass: Float64Array,
  divisor: number,
): Float64Array {
  const { columns, rows } = features;
  const size = free * columns;
  const hessian = new Float64Array(size * size);
  const weights = new Float64Array(rows);
  for (let k = 0; k < free; k++) {
    for (let l = 0; l <= k; l++) {
      for (let i = 0; i < rows; i++) {
        const p = probabilities[i * free + k] as number;
        const other = probabilities[i * free + l] as number;
        weights[i] = ((mass[i] as number) * ((k === l ? p : 0) - p * other)) / divisor;
      }
      const gram = weightedGram(features, weights);
      for (let a = 0; a < columns; a++) {
        for (let b = 0; b < columns; b++) {
          const value = gram[a * columns + b] as number;
          hessian[(k * columns + a) * size + l * columns + b] = value;
          hessian[(l * columns + b) * size + k * columns + a] = value;
        }
      }
    }
  }
  return hessian;
}

/** Solves H·d = −g by Cholesky, with as little damping as makes H positive definite. */
function factoredDirection(hessian: Float64Array, gradient: Float64Array): Float64Array | undefined {
  const n = gradient.length;
  let largest = 0;
  for (let i = 0; i < n; i++) largest = Math.max(largest, hessian[i * n + i] as number);
  if (!(largest > 0)) return undefined;
  for (let damping = 0; damping <= 1; damping = damping === 0 ? 1e-10 : 100 * damping) {
    const factor = hessian.slice();
    for (let i = 0; i < n; i++) factor[i * n + i] = (factor[i * n + i] as number) + damping * largest;
    if (!choleskyFactor(factor, n)) continue;
    const direction = gradient.map((g) => -g);
    solveLower(factor, direction, n);
    solveLowerTransposed(factor, direction, n);
    return direction;
  }
  return undefined;
}

/** Solves H·d = −g by conjugate gradients, only as exactly as the gradient is small (inexact Newton). */
function conjugateDirection(
  multiply: (vector: Float64Array) => Float64Array,
  gradient: Float64Array,
  maxSteps: number,
): Float64Array | undefined {
  const dot = (a: Float64Array, b: Float64Array) => {
    let sum = 0;
    for (let d = 0; d < a.length; d++) sum += (a[d] as number) * (b[d] as number);
    return sum;
  };
  const solution = new Float64Array(gradient.length);
  const residual = gradient.map((g) => -g);
  const search = residual.slice();
  let square = dot(residual, residual);
  const norm = Math.sqrt(square);
  const goal = norm * Math.min(0.1, Math.sqrt(norm));
  for (let step = 0; step < maxSteps && Math.sqrt(square) > goal; step++) {
    const product = multiply(search);
    const curvature = dot(search, product);
    if (!(curvature > 1e-300)) break;
    const length = square / curvature;
    for (let d = 0; d < solution.length; d++) {
      solution[d] = (solution[d] as number) + length * (search[d] as number);
      residual[d] = (residual[d] as number) - length * (product[d] as number);
    }
    const next = dot(residual, residual);
    for (let d = 0; d < search.length; d++) {
      search[d] = (residual[d] as number) + (next / square) * (search[d] as number);
    }
    square = next;
  }
  return solution.some((v) => v !== 0) ? solution : undefined;
}

/**
 * Fits a multinomial logistic regression to soft labels by Newton's method, every step shortened until it decreases the
 * objective enough (Armijo backtracking). Undamped Newton steps diverge on steep gates; shortened ones cannot.
 *
 * The optimum of labels that can be separated lies at infinity: there the fit ends with finite weights, where the
 * gradient has vanished or the logits are beyond any use.
 *
 * @param start - weights to begin with, row-major, shape `[classes − 1, K]`; not changed.
 * @returns the weights, same shape; never a larger objective than at the start, and always finite. The start itself
 *   where no sample has weight.
 */
export function fitMultinomial(
  features: Features,
  labels: SoftLabels,
  start: Float64Array,
  options: NewtonOptions = exactNewton,
): Float64Array {
  const free = labels.classes - 1;
  const { columns, rows } = features;
  const evaluation = new Evaluation(features, labels);
  const weights = start.slice();
  if (!(evaluation.totalMass > 0)) return weights;
  const logits = new Float64Array(rows * free);
  project(features, weights, free, logits);
  let value = evaluation.at(logits, undefined, 0, true);
  const gradientHere = () => {
    const gradient = new Float64Array(free * columns);
    accumulate(features, evaluation.residuals, free, gradient);
    for (let d = 0; d < gradient.length; d++) gradient[d] = (gradient[d] as number) / evaluation.totalMass;
    return gradient;
  };
  let gradient = gradientHere();
  const supNorm = (vector: Float64Array) => vector.reduce((top, v) => Math.max(top, Math.abs(v)), 0);
  const projected = new Float64Array(rows * free);
  for (let step = 0; step < options.maxSteps && supNorm(gradient) > options.tolerance; step++) {
    const direction =
      gradient.length <= LARGEST_FACTORED
        ? factoredDirection(
            multinomialHessian(
              features,
              evaluation.probabilities,
              free,
              evaluation.mass,
              evaluation.totalMass,
            ),
            gradient,
          )
        : conjugateDirection(
            (vector) => hessianProduct(features, evaluation, free, vector),
            gradient,
            options.maxConjugateSteps,
          );
    if (direction === undefined) break;
    project(features, direction, free, projected);
    let slope = 0;
    for (let d = 0; d < gradient.length; d++) slope += (gradient[d] as number) * (direction[d] as number);
    if (!(slope < 0)) break;
    // below this decrease the objective is all rounding: there the gradient alone can judge
    const judgeable = -slope > 1e-13 * Math.max(1, Math.abs(value));
    let length = 1;
    if (judgeable) {
      while (
        length > 1e-12 &&
        !(evaluation.at(logits, projected, length, false) <= value + ARMIJO * length * slope)
      ) {
        length /= 2;
      }
      if (length <= 1e-12) break;
    }
    let steepest = 0;
    for (let at = 0; at < logits.length; at++) {
      logits[at] = (logits[at] as number) + length * (projected[at] as number);
      steepest = Math.max(steepest, Math.abs(logits[at] as number));
    }
    const before = supNorm(gradient);
    const nextValue = evaluation.at(logits, undefined, 0, true);
    const nextGradient = gradientHere();
    if (!judgeable && !(supNorm(nextGradient) < before)) break;
    for (let d = 0; d < weights.length; d++) {
      weights[d] = (weights[d] as number) + length * (direction[d] as number);
    }
    value = nextValue;
    gradient = nextGradient;
    if (steepest > LARGEST_LOGIT) break;
  }
  return weights;
}
