import { logSumExp } from '../log-space.ts';
import { accumulate, type Features, largestCurvature, project, weightedGram } from './features.ts';
import { joinColumns, splitColumns } from './joint-products.ts';
import type { Block, InformativeModel } from './latent-model.ts';
import {
  exactNewton,
  type FittedRegression,
  fitMultinomial,
  fitMultinomials,
  multinomialHessian,
  type NewtonOptions,
  type RegressionStart,
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

type LinearOutcomes = Extract<Outcomes, { kind: 'linear' }>;
type LogisticOutcomes = Extract<Outcomes, { kind: 'logistic' }>;

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

/** The products of the inputs with the weights of some θ. */
interface Projections {
  /** The gate's and the experts' weights, shape `[varianceStart]`. */
  readonly weights: Float64Array;
  /** The gate's logits, shape `[N, C − 1]`. */
  readonly gate: Float64Array;
  /** Means or logits of the experts, shape `[N, C, rows]`. */
  readonly experts: Float64Array;
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
  /** Of the θ that was projected last: loss, gradient and M-step at one θ share their products with the inputs. */
  #projections: Projections | undefined;

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
    const ofExperts = largestCurvature(this.#features, this.#weights);
    if (this.expertStart > 0) {
      const ofGate = this.#sharesFeatures ? ofExperts : largestCurvature(this.#gateFeatures, this.#weights);
      blocks.push({ start: 0, end: this.expertStart, curvature: oneHot(this.components) * ofGate });
    }
    blocks.push({ start: this.expertStart, end: this.size, curvature: expert * ofExperts });
    return blocks;
  }

  /** Whether gate and experts see the same matrix, so that their products with it can be one. */
  get #sharesFeatures(): boolean {
    return this.#gateFeatures === this.#features;
  }

  /** Widths of gate and experts in a product with a matrix that they share. */
  get #widths(): readonly [number, number] {
    return [this.components - 1, this.components * this.rows];
  }

  /** The products of the inputs with θ, where θ was projected last. */
  #known(theta: Float64Array): Projections | undefined {
    const known = this.#projections;
    return known?.weights.every((w, at) => w === theta[at]) ? known : undefined;
  }

  /** Multiplies the inputs with the weights of gate and experts. */
  #project(theta: Float64Array): Projections {
    const known = this.#known(theta);
    if (known !== undefined) return known;
    const { rows: N } = this.#features;
    const [gateWidth, expertWidth] = this.#widths;
    let gate: Float64Array;
    let experts: Float64Array;
    if (this.#sharesFeatures) {
      const joint = new Float64Array(N * (gateWidth + expertWidth));
      project(this.#features, theta, gateWidth + expertWidth, joint);
      [gate, experts] = splitColumns(joint, this.#widths, N) as [Float64Array, Float64Array];
    } else {
      gate = new Float64Array(N * gateWidth);
      project(this.#gateFeatures, theta, gateWidth, gate);
      experts = new Float64Array(N * expertWidth);
      project(this.#features, theta, expertWidth, experts, this.expertStart);
    }
    this.#projections = { weights: theta.slice(0, this.varianceStart), gate, experts };
    return this.#projections;
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
    const { experts, gate: gateLogits } = this.#project(theta);
    const answers = experts.slice();
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
    if (this.#sharesFeatures) {
      const joint = joinColumns([gateResiduals, answers], this.#widths, N);
      accumulate(this.#features, joint, C - 1 + C * rows, gradient);
    } else {
      accumulate(this.#gateFeatures, gateResiduals, C - 1, gradient);
      accumulate(this.#features, answers, C * rows, gradient, this.expertStart);
    }
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
    const next = from.slice();
    const targets = posterior.map((r, at) => r * (this.#weights[Math.floor(at / this.components)] as number));
    const shares = splitColumns(targets, Array(this.components).fill(1), this.#features.rows);
    const gate = {
      labels: { targets, classes: this.components },
      weights: from.subarray(0, this.expertStart),
    };
    const outcomes = this.#outcomes;
    if (outcomes.kind === 'linear') {
      next.set(fitMultinomial(this.#gateFeatures, gate, this.#newton).weights);
      for (const [c, share] of shares.entries()) this.#fitLinear(outcomes, share, c, next);
    } else {
      this.#fitLogistic(outcomes, gate, shares, from, next);
    }
    return next;
  }

  /** Whether samples of this mass are too little to learn from. */
  #isEmpty(mass: number): boolean {
    return mass <= EMPTY * this.#totalWeight;
  }

  /** Fits a linear expert to its share of the samples. */
  #fitLinear(outcomes: LinearOutcomes, share: Float64Array, component: number, next: Float64Array): void {
    const mass = share.reduce((a, b) => a + b, 0);
    if (this.#isEmpty(mass)) return;
    const weights = fitLeastSquares(this.#features, outcomes.values, outcomes.width, share);
    next.set(weights, this.expertStart + component * weights.length);
    if (!this.#learnsVariance) return;
    next[this.varianceStart + component] = Math.log(this.#fitVariance(outcomes, share, mass, weights));
  }

  /** Fits the gate, and logistic experts to their shares; all at once where they see the same inputs. */
  #fitLogistic(
    { classes, labels }: LogisticOutcomes,
    gate: RegressionStart,
    shares: readonly Float64Array[],
    from: Float64Array,
    next: Float64Array,
  ): void {
    const { expertStart, rows } = this;
    const N = this.#features.rows;
    const block = rows * this.#features.columns;
    const widths: readonly number[] = Array(this.components).fill(rows);
    const known = this.#known(from);
    const logits: (Float64Array | undefined)[] =
      known === undefined ? widths.map(() => undefined) : splitColumns(known.experts, widths, N);
    const gateStart = { ...gate, ...(known === undefined ? {} : { logits: known.gate }) };
    const fitted = shares.flatMap((share, c) =>
      this.#isEmpty(share.reduce((a, b) => a + b, 0)) ? [] : [{ c, share }],
    );
    const starts = fitted.map(({ c, share }): RegressionStart => {
      const targets = new Float64Array(N * classes);
      for (let i = 0; i < N; i++) targets[i * classes + (labels[i] as number)] = share[i] as number;
      const weights = from.subarray(expertStart + c * block, expertStart + (c + 1) * block);
      return {
        labels: { targets, classes },
        weights,
        ...(logits[c] === undefined ? {} : { logits: logits[c] }),
      };
    });
    const [gateFit, ...expertFits] = this.#sharesFeatures
      ? fitMultinomials(this.#features, [gateStart, ...starts], this.#newton)
      : [
          fitMultinomial(this.#gateFeatures, gateStart, this.#newton),
          ...fitMultinomials(this.#features, starts, this.#newton),
        ];
    next.set((gateFit as FittedRegression).weights);
    expertFits.forEach((expert, e) => {
      const { c } = fitted[e] as { c: number };
      next.set(expert.weights, expertStart + c * block);
      logits[c] = expert.logits;
    });
    const gateLogits = gateFit?.logits;
    if (gateLogits === undefined || logits.includes(undefined)) return;
    const experts = joinColumns(logits as Float64Array[], widths, N);
    this.#projections = { weights: next.slice(0, this.varianceStart), gate: gateLogits, experts };
  }

  #fitVariance(outcomes: LinearOutcomes, share: Float64Array, mass: number, weights: Float64Array): number {
    if (typeof outcomes.variance === 'number') return outcomes.variance;
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
