import { logSumExp } from '../log-space.ts';
import { accumulate, type Features, largestCurvature, project, weightedGram } from './features.ts';
import type { Block, InformativeModel } from './latent-model.ts';
import {
  exactNewton,
  fitMultinomial,
  multinomialHessian,
  type NewtonOptions,
} from './multinomial-regression.ts';
import { fitLeastSquares } from './weighted-least-squares.ts';

/** What the experts answer with, and what was observed. */
export type Outcomes =
  | {
      readonly kind: 'linear';
      /** y, row-major, shape `[N, width]`. */
      readonly values: Float64Array;
      readonly width: number;
      /** Variance of every output, or `learned`: one per component, not below the floor. */
      readonly variance: number | { readonly floor: number };
    }
  | {
      readonly kind: 'logistic';
      /** Class indices 0 .. classes-1, shape `[N]`. */
      readonly labels: Int32Array;
      readonly classes: number;
    };

/** Components with less mass than this per sample keep their parameters: nothing is left to learn them from. */
const EMPTY = 1e-12;
const LOG_2PI = Math.log(2 * Math.PI);

/** What one pass over the data leaves. */
interface Pass {
  /** Gate probabilities π, shape `[N, C]`. */
  readonly gate: Float64Array;
  /** Means (linear) or class probabilities (logistic, the classes with parameters), shape `[N, C, rows]`. */
  readonly answers: Float64Array;
  /** Responsibilities r, shape `[N, C]`. */
  readonly posterior: Float64Array;
  readonly loss: number;
}

/**
 * A mixture of C linear or multinomial logistic experts with a softmax gate, with its data: the classical mixture of
 * experts (Jordan and Jacobs 1994), whose EM steps are weighted regressions.
 *
 * θ holds the gate's weights, shape `[C − 1, G]` (the last component's logits are zero), the experts' weights, shape
 * `[C, rows, K]` (rows: the outputs, or the classes but the last), and for learned variances their logarithms, shape
 * `[C]`.
 */
export class GatedMixture implements InformativeModel {
  readonly components: number;
  readonly size: number;
  /** Outputs of an expert: its dimensions, or its classes but the last. */
  readonly rows: number;
  /** Where the experts' weights begin in θ. */
  readonly expertStart: number;
  /** Where the logarithms of learned variances begin in θ. */
  readonly varianceStart: number;
  readonly #gateFeatures: Features;
  readonly #features: Features;
  readonly #outcomes: Outcomes;
  readonly #newton: NewtonOptions;
  readonly #weights: Float64Array;
  readonly #totalWeight: number;
  #blocks: readonly Block[] | undefined;

  /**
   * @param gateFeatures - what the gate sees, shape `[N, G]`.
   * @param features - what the experts see, shape `[N, K]`.
   * @param options - `weights`, shape `[N]`, says how often every sample counts; once by default.
   */
  constructor(
    gateFeatures: Features,
    features: Features,
    outcomes: Outcomes,
    options: {
      readonly components: number;
      readonly newton?: NewtonOptions;
      readonly weights?: Float64Array;
    },
  ) {
    this.components = options.components;
    this.#gateFeatures = gateFeatures;
    this.#features = features;
    this.#outcomes = outcomes;
    this.#newton = options.newton ?? exactNewton;
    this.#weights = options.weights ?? new Float64Array(features.rows).fill(1);
    this.#totalWeight = this.#weights.reduce((a, b) => a + b, 0);
    this.rows = outcomes.kind === 'linear' ? outcomes.width : outcomes.classes - 1;
    this.expertStart = (this.components - 1) * gateFeatures.columns;
    this.varianceStart = this.expertStart + this.components * this.rows * features.columns;
    this.size = this.varianceStart + (this.#learnsVariance ? this.components : 0);
  }

  get #learnsVariance(): boolean {
    return this.#outcomes.kind === 'linear' && typeof this.#outcomes.variance !== 'number';
  }

  get blocks(): readonly Block[] {
    this.#blocks ??= this.#boundBlocks();
    return this.#blocks;
  }

  #boundBlocks(): readonly Block[] {
    const { classes, variance } = { classes: 0, variance: 1, ...this.#outcomes };
    // the covariance of a one-hot vector is at most 1/4 for two outcomes and 1/2 for more (Böhning 1992)
    const oneHot = (outcomes: number) => (outcomes === 2 ? 0.25 : 0.5);
    const expert =
      this.#outcomes.kind === 'logistic'
        ? oneHot(classes)
        : typeof variance === 'number'
          ? 1 / variance
          : Infinity;
    const blocks: Block[] = [];
    if (this.expertStart > 0) {
      const curvature = oneHot(this.components) * largestCurvature(this.#gateFeatures, this.#weights);
      blocks.push({ start: 0, end: this.expertStart, curvature });
    }
    const curvature = expert * largestCurvature(this.#features, this.#weights);
    blocks.push({ start: this.expertStart, end: this.size, curvature });
    return blocks;
  }

  /** Reads the variance of a component. */
  variance(theta: Float64Array, component: number): number {
    const outcomes = this.#outcomes;
    if (outcomes.kind === 'logistic') return Number.NaN;
    if (typeof outcomes.variance === 'number') return outcomes.variance;
    return Math.exp(theta[this.varianceStart + component] as number);
  }

  /** Evaluates gate, experts and responsibilities for all samples. */
  evaluate(theta: Float64Array): Pass {
    const { components: C, rows } = this;
    const N = this.#features.rows;
    const gate = new Float64Array(N * C);
    const gateLogits = new Float64Array(N * (C - 1));
    project(this.#gateFeatures, theta, C - 1, gateLogits);
    const answers = new Float64Array(N * C * rows);
    project(this.#features, theta, C * rows, answers, this.expertStart);
    const posterior = new Float64Array(N * C);
    const joint = new Float64Array(C);
    const logGate = new Float64Array(C);
    const variances = Float64Array.from({ length: C }, (_, c) => this.variance(theta, c));
    let total = 0;
    for (let i = 0; i < N; i++) {
      for (let c = 0; c < C - 1; c++) logGate[c] = gateLogits[i * (C - 1) + c] as number;
      logGate[C - 1] = 0;
      const gateSum = logSumExp(logGate);
      for (let c = 0; c < C; c++) {
        const logPi = (logGate[c] as number) - gateSum;
        gate[i * C + c] = Math.exp(logPi);
        joint[c] = logPi + this.#logDensity(i, answers, (i * C + c) * rows, variances[c] as number);
      }
      const evidence = logSumExp(joint);
      total -= (this.#weights[i] as number) * evidence;
      for (let c = 0; c < C; c++) {
        // where every component is beyond double precision, none is more responsible than the gate says
        posterior[i * C + c] =
          evidence === -Infinity ? (gate[i * C + c] as number) : Math.exp((joint[c] as number) - evidence);
      }
    }
    return { gate, answers, posterior, loss: total / this.#totalWeight };
  }

  /** Computes log p(y_i | component), turning logits at `at` into probabilities. */
  #logDensity(i: number, answers: Float64Array, at: number, variance: number): number {
    const outcomes = this.#outcomes;
    const { rows } = this;
    if (outcomes.kind === 'linear') {
      let square = 0;
      for (let o = 0; o < rows; o++) {
        const error = (outcomes.values[i * rows + o] as number) - (answers[at + o] as number);
        square += error * error;
      }
      return -0.5 * (square / variance + rows * (LOG_2PI + Math.log(variance)));
    }
    let top = 0;
    for (let o = 0; o < rows; o++) top = Math.max(top, answers[at + o] as number);
    let sum = Math.exp(-top);
    for (let o = 0; o < rows; o++) sum += Math.exp((answers[at + o] as number) - top);
    const logSum = top + Math.log(sum);
    const label = outcomes.labels[i] as number;
    const density = (label < rows ? (answers[at + label] as number) : 0) - logSum;
    for (let o = 0; o < rows; o++) answers[at + o] = Math.exp((answers[at + o] as number) - logSum);
    return density;
  }

  /**
   * Computes the probability of every class under the mixture, shape `[N, classes]`; of logistic experts. The labels that
   * the model was made with have no influence on it.
   */
  labelProbabilities(theta: Float64Array): Float64Array {
    const { components: C, rows } = this;
    const { answers, gate } = this.evaluate(theta);
    const classes = rows + 1;
    const probabilities = new Float64Array((gate.length / C) * classes);
    for (let at = 0; at < gate.length; at++) {
      const to = Math.floor(at / C) * classes;
      const pi = gate[at] as number;
      let rest = 1;
      for (let s = 0; s < rows; s++) {
        const p = answers[at * rows + s] as number;
        probabilities[to + s] = (probabilities[to + s] as number) + pi * p;
        rest -= p;
      }
      probabilities[to + rows] = (probabilities[to + rows] as number) + pi * Math.max(0, rest);
    }
    return probabilities;
  }

  loss(theta: Float64Array): number {
    return this.evaluate(theta).loss;
  }

  gradient(theta: Float64Array): Float64Array {
    const { components: C, rows } = this;
    const N = this.#features.rows;
    const { answers, gate, posterior } = this.evaluate(theta);
    const gradient = new Float64Array(this.size);
    const gateResiduals = new Float64Array(N * (C - 1));
    for (let i = 0; i < N; i++) {
      for (let c = 0; c < C - 1; c++) {
        const residual = (gate[i * C + c] as number) - (posterior[i * C + c] as number);
        gateResiduals[i * (C - 1) + c] = (this.#weights[i] as number) * residual;
      }
    }
    accumulate(this.#gateFeatures, gateResiduals, C - 1, gradient);
    for (let i = 0; i < N; i++) {
      for (let c = 0; c < C; c++) {
        const r = (this.#weights[i] as number) * (posterior[i * C + c] as number);
        const variance = this.variance(theta, c);
        let square = 0;
        for (let o = 0; o < rows; o++) {
          const at = (i * C + c) * rows + o;
          const error = (answers[at] as number) - this.#observed(i, o);
          square += error * error;
          answers[at] = this.#outcomes.kind === 'linear' ? (r * error) / variance : r * error;
        }
        if (!this.#learnsVariance) continue;
        const at = this.varianceStart + c;
        gradient[at] = (gradient[at] as number) + 0.5 * r * (rows - square / variance);
      }
    }
    accumulate(this.#features, answers, C * rows, gradient, this.expertStart);
    return gradient.map((g) => g / this.#totalWeight);
  }

  /** Reads output o of sample i, or whether its class is o. */
  #observed(i: number, o: number): number {
    const outcomes = this.#outcomes;
    if (outcomes.kind === 'linear') return outcomes.values[i * this.rows + o] as number;
    return outcomes.labels[i] === o ? 1 : 0;
  }

  maximize(theta: Float64Array): Float64Array {
    return this.fitTo(this.evaluate(theta).posterior, theta);
  }

  /**
   * Fits gate and experts to responsibilities (the M-step).
   *
   * @param posterior - r, row-major, shape `[N, C]`; rows sum to one.
   * @param from - θ that the maximizations begin with, and that empty components keep.
   */
  fitTo(posterior: Float64Array, from: Float64Array): Float64Array {
    const { components: C, expertStart, rows } = this;
    const N = this.#features.rows;
    const next = from.slice();
    const targets = posterior.map((r, at) => r * (this.#weights[Math.floor(at / C)] as number));
    const gate = fitMultinomial(
      this.#gateFeatures,
      { targets, classes: C },
      from.subarray(0, expertStart),
      this.#newton,
    );
    next.set(gate);
    const share = new Float64Array(N);
    const block = rows * this.#features.columns;
    for (let c = 0; c < C; c++) {
      let mass = 0;
      for (let i = 0; i < N; i++) mass += share[i] = targets[i * C + c] as number;
      if (mass <= EMPTY * this.#totalWeight) continue;
      const at = expertStart + c * block;
      const weights = this.#fitExpert(share, from.subarray(at, at + block));
      next.set(weights, at);
      if (this.#learnsVariance)
        next[this.varianceStart + c] = Math.log(this.#fitVariance(share, mass, weights));
    }
    return next;
  }

  #fitExpert(share: Float64Array, start: Float64Array): Float64Array {
    const outcomes = this.#outcomes;
    if (outcomes.kind === 'linear')
      return fitLeastSquares(this.#features, outcomes.values, outcomes.width, share);
    const { classes, labels } = outcomes;
    const targets = new Float64Array(share.length * classes);
    for (let i = 0; i < share.length; i++) targets[i * classes + (labels[i] as number)] = share[i] as number;
    return fitMultinomial(this.#features, { targets, classes }, start, this.#newton);
  }

  #fitVariance(share: Float64Array, mass: number, weights: Float64Array): number {
    const outcomes = this.#outcomes;
    if (outcomes.kind === 'logistic' || typeof outcomes.variance === 'number') return 1;
    const { rows } = this;
    const means = new Float64Array(share.length * rows);
    project(this.#features, weights, rows, means);
    let square = 0;
    for (let i = 0; i < share.length; i++) {
      for (let o = 0; o < rows; o++) {
        square += (share[i] as number) * ((means[i * rows + o] as number) - this.#observed(i, o)) ** 2;
      }
    }
    // without a floor a component on few samples would make the likelihood infinite
    return Math.max(outcomes.variance.floor, square / (mass * rows));
  }

  /** See {@link InformativeModel}; of models with a fixed variance. */
  completeInformation(theta: Float64Array): Float64Array {
    const { components: C, expertStart, rows, size } = this;
    const { columns, rows: N } = this.#features;
    const { answers, gate, posterior } = this.evaluate(theta);
    const information = new Float64Array(size * size);
    const place = (block: Float64Array, start: number, width: number) => {
      for (let a = 0; a < width; a++) {
        for (let b = 0; b < width; b++)
          information[(start + a) * size + start + b] = block[a * width + b] as number;
      }
    };
    const gateFree = Float64Array.from({ length: N * (C - 1) }, (_, at) => {
      const i = Math.floor(at / (C - 1));
      return gate[i * C + (at % (C - 1))] as number;
    });
    place(
      multinomialHessian(this.#gateFeatures, gateFree, C - 1, this.#weights, this.#totalWeight),
      0,
      expertStart,
    );
    for (let c = 0; c < C; c++) {
      const share = this.#weights.map((weight, i) => weight * (posterior[i * C + c] as number));
      const start = expertStart + c * rows * columns;
      if (this.#outcomes.kind === 'linear') {
        const scale = 1 / (this.#totalWeight * this.variance(theta, c));
        const gram = weightedGram(
          this.#features,
          share.map((s) => s * scale),
        );
        for (let o = 0; o < rows; o++) place(gram, start + o * columns, columns);
      } else {
        const own = Float64Array.from({ length: N * rows }, (_, at) => {
          const i = Math.floor(at / rows);
          return answers[(i * C + c) * rows + (at % rows)] as number;
        });
        place(multinomialHessian(this.#features, own, rows, share, this.#totalWeight), start, rows * columns);
      }
    }
    return information;
  }

  /** See {@link InformativeModel}; of models with a fixed variance. */
  lostInformation(theta: Float64Array): Float64Array {
    const { components: C, expertStart, rows, size } = this;
    const { columns, rows: N, values } = this.#features;
    const { answers, gate, posterior } = this.evaluate(theta);
    const information = new Float64Array(size * size);
    const G = this.#gateFeatures.columns;
    const scores = Array.from({ length: C }, () => new Float64Array(size));
    const mean = new Float64Array(size);
    for (let i = 0; i < N; i++) {
      mean.fill(0);
      scores.forEach((score, c) => {
        score.fill(0);
        for (let j = 0; j < C - 1; j++) {
          const factor = (j === c ? 1 : 0) - (gate[i * C + j] as number);
          for (let d = 0; d < G; d++)
            score[j * G + d] = factor * (this.#gateFeatures.values[i * G + d] as number);
        }
        const scale = this.#outcomes.kind === 'linear' ? 1 / this.variance(theta, c) : 1;
        for (let o = 0; o < rows; o++) {
          const error = scale * (this.#observed(i, o) - (answers[(i * C + c) * rows + o] as number));
          const at = expertStart + (c * rows + o) * columns;
          for (let d = 0; d < columns; d++) score[at + d] = error * (values[i * columns + d] as number);
        }
        const r = posterior[i * C + c] as number;
        for (let p = 0; p < size; p++) mean[p] = (mean[p] as number) + r * (score[p] as number);
      });
      const weight = (this.#weights[i] as number) / this.#totalWeight;
      for (let c = 0; c < C; c++) {
        addOuter(information, scores[c] as Float64Array, weight * (posterior[i * C + c] as number));
      }
      addOuter(information, mean, -weight);
    }
    return information;
  }
}

/** Adds scale·v·vᵀ. */
function addOuter(matrix: Float64Array, v: Float64Array, scale: number): void {
  const n = v.length;
  for (let a = 0; a < n; a++) {
    const scaled = scale * (v[a] as number);
    if (scaled === 0) continue;
    for (let b = 0; b < n; b++) matrix[a * n + b] = (matrix[a * n + b] as number) + scaled * (v[b] as number);
  }
}
