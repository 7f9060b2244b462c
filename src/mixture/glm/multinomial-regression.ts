import { choleskyFactor, solveLower, solveLowerTransposed } from './cholesky.ts';
import { type Features, weightedGram } from './features.ts';
import { type ByProducts, runTogether } from './joint-products.ts';

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

/**
 * Multiplies the Hessian of the mean with a vector of shape `[classes − 1, K]`.
 *
 * @returns the product, and X·vectorᵀ, shape `[N, classes − 1]`.
 */
function* hessianProduct(
  evaluation: Evaluation,
  free: number,
  vector: Float64Array,
): ByProducts<{ product: Float64Array; projected: Float64Array }> {
  const projected = yield { kind: 'project', operand: vector, outputs: free };
  const curved = new Float64Array(projected.length);
  for (let i = 0; i < evaluation.mass.length; i++) {
    let mean = 0;
    for (let k = 0; k < free; k++) {
      mean += (evaluation.probabilities[i * free + k] as number) * (projected[i * free + k] as number);
    }
    const mass = evaluation.mass[i] as number;
    for (let k = 0; k < free; k++) {
      const at = i * free + k;
      curved[at] = mass * (evaluation.probabilities[at] as number) * ((projected[at] as number) - mean);
    }
  }
  const product = yield { kind: 'accumulate', operand: curved, outputs: free };
  for (let d = 0; d < product.length; d++) product[d] = (product[d] as number) / evaluation.totalMass;
  return { product, projected };
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

/** A direction to move weights in, and what it does to the logits. */
interface Direction {
  /** Shape `[classes − 1, K]`. */
  readonly weights: Float64Array;
  /** X·weightsᵀ, shape `[N, classes − 1]`. */
  readonly logits: Float64Array;
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let d = 0; d < a.length; d++) sum += (a[d] as number) * (b[d] as number);
  return sum;
}

function addScaled(target: Float64Array, scale: number, vector: Float64Array): void {
  for (let d = 0; d < target.length; d++) target[d] = (target[d] as number) + scale * (vector[d] as number);
}

/** Solves H·d = −g by conjugate gradients, only as exactly as the gradient is small (inexact Newton). */
function* conjugateDirection(
  evaluation: Evaluation,
  gradient: Float64Array,
  free: number,
  maxSteps: number,
): ByProducts<Direction | undefined> {
  const weights = new Float64Array(gradient.length);
  const logits = new Float64Array(evaluation.residuals.length);
  const residual = gradient.map((g) => -g);
  const search = residual.slice();
  let square = dot(residual, residual);
  const norm = Math.sqrt(square);
  const goal = norm * Math.min(0.1, Math.sqrt(norm));
  for (let step = 0; step < maxSteps && Math.sqrt(square) > goal; step++) {
    const { product, projected } = yield* hessianProduct(evaluation, free, search);
    const curvature = dot(search, product);
    if (!(curvature > 1e-300)) break;
    const length = square / curvature;
    addScaled(weights, length, search);
    // the logits' change is the same sum of products that are known already
    addScaled(logits, length, projected);
    addScaled(residual, -length, product);
    const next = dot(residual, residual);
    for (let d = 0; d < search.length; d++) {
      search[d] = (residual[d] as number) + (next / square) * (search[d] as number);
    }
    square = next;
  }
  return weights.some((v) => v !== 0) ? { weights, logits } : undefined;
}

/** Finds the Newton direction: by factoring the Hessian where it is small, else from its products. */
function* newtonDirection(
  features: Features,
  evaluation: Evaluation,
  gradient: Float64Array,
  free: number,
  maxConjugateSteps: number,
): ByProducts<Direction | undefined> {
  if (gradient.length > LARGEST_FACTORED) {
    return yield* conjugateDirection(evaluation, gradient, free, maxConjugateSteps);
  }
  const { mass, probabilities, totalMass } = evaluation;
  const weights = factoredDirection(
    multinomialHessian(features, probabilities, free, mass, totalMass),
    gradient,
  );
  if (weights === undefined) return undefined;
  return { weights, logits: yield { kind: 'project', operand: weights, outputs: free } };
}

/** A regression to be fitted, and where the fit begins. */
export interface RegressionStart {
  readonly labels: SoftLabels;
  /** Row-major, shape `[classes − 1, K]`; not changed. */
  readonly weights: Float64Array;
  /** X·weightsᵀ, shape `[N, classes − 1]`, where it is known; not changed. */
  readonly logits?: Float64Array;
}

/** A fitted regression. */
export interface FittedRegression {
  /** Row-major, shape `[classes − 1, K]`. */
  readonly weights: Float64Array;
  /** X·weightsᵀ, shape `[N, classes − 1]`; not there where no sample has weight. */
  readonly logits: Float64Array | undefined;
}

const supNorm = (vector: Float64Array) => vector.reduce((top, v) => Math.max(top, Math.abs(v)), 0);

function* newtonFit(
  features: Features,
  start: RegressionStart,
  options: NewtonOptions,
): ByProducts<FittedRegression> {
  const free = start.labels.classes - 1;
  const evaluation = new Evaluation(features, start.labels);
  const weights = start.weights.slice();
  if (!(evaluation.totalMass > 0)) return { weights, logits: start.logits };
  let logits = start.logits ?? (yield { kind: 'project', operand: weights, outputs: free });
  let value = evaluation.at(logits, undefined, 0, true);
  function* gradientHere(): ByProducts<Float64Array> {
    const sum = yield { kind: 'accumulate', operand: evaluation.residuals, outputs: free };
    return sum.map((g) => g / evaluation.totalMass);
  }
  let gradient = yield* gradientHere();
  for (let step = 0; step < options.maxSteps && supNorm(gradient) > options.tolerance; step++) {
    const direction = yield* newtonDirection(features, evaluation, gradient, free, options.maxConjugateSteps);
    if (direction === undefined) break;
    const slope = dot(gradient, direction.weights);
    if (!(slope < 0)) break;
    // below this decrease the objective is all rounding: there the gradient alone can judge
    const judgeable = -slope > 1e-13 * Math.max(1, Math.abs(value));
    let length = 1;
    if (judgeable) {
      while (
        length > 1e-12 &&
        !(evaluation.at(logits, direction.logits, length, false) <= value + ARMIJO * length * slope)
      ) {
        length /= 2;
      }
      if (length <= 1e-12) break;
    }
    const moved = logits.slice();
    addScaled(moved, length, direction.logits);
    // the last step needs no gradient where the objective has judged it
    const last = judgeable && step + 1 === options.maxSteps;
    if (!last) {
      const nextValue = evaluation.at(moved, undefined, 0, true);
      const nextGradient = yield* gradientHere();
      if (!judgeable && !(supNorm(nextGradient) < supNorm(gradient))) break;
      value = nextValue;
      gradient = nextGradient;
    }
    logits = moved;
    addScaled(weights, length, direction.weights);
    if (last || supNorm(logits) > LARGEST_LOGIT) break;
  }
  return { weights, logits };
}

/**
 * Fits multinomial logistic regressions to soft labels by Newton's method, every step shortened until it decreases the
 * objective enough (Armijo backtracking). Undamped Newton steps diverge on steep gates; shortened ones cannot.
 *
 * The optimum of labels that can be separated lies at infinity: there the fit ends with finite weights, where the
 * gradient has vanished or the logits are beyond any use.
 *
 * @param starts - regressions on the same features; they do not depend on each other, but share products with X.
 * @returns per regression weights with never a larger objective than at the start, always finite. The start itself
 *   where no sample has weight.
 */
export function fitMultinomials(
  features: Features,
  starts: readonly RegressionStart[],
  options: NewtonOptions = exactNewton,
): FittedRegression[] {
  return runTogether(
    features,
    starts.map((start) => newtonFit(features, start, options)),
  );
}

/** Fits one regression, as {@link fitMultinomials} does. */
export function fitMultinomial(
  features: Features,
  start: RegressionStart,
  options: NewtonOptions = exactNewton,
): FittedRegression {
  return fitMultinomials(features, [start], options)[0] as FittedRegression;
}
