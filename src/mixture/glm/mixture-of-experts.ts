import { ConfigError, FitError } from '../../errors.ts';
import { Rng } from '../../random.ts';
import { checkFinite, type Features, type InputRows, toFeatures } from './features.ts';
import { type GateTransform, isAffine, transformRow } from './gate-transform.ts';
import { GatedMixture, type Outcomes } from './gated-mixture.ts';
import { type FitAlgorithm, type FitOutcome, fitModel } from './iterations.ts';
import type { NewtonOptions } from './multinomial-regression.ts';

/** Settings of {@link MixtureOfExperts}; what is left out has the default named with it. */
export interface MixtureOfExpertsOptions {
  /** C. */
  readonly components: number;
  /** `linear`: Gaussian experts for numbers. `logistic`: multinomial logistic experts for class labels. */
  readonly experts: 'linear' | 'logistic';
  /** Of linear experts: one fixed number, or learned per component (the default). */
  readonly variance?: number | 'learned';
  /** What the gate sees; `identity` by default. */
  readonly transform?: GateTransform;
  /** Whether gate and experts have a constant term; true by default. */
  readonly intercept?: boolean;
  /** `squarem` by default. */
  readonly algorithm?: FitAlgorithm;
  /** Random starts, of which the most likely fit is kept; 5 by default. */
  readonly restarts?: number;
  /** Per start; 500 by default. */
  readonly maxIterations?: number;
  /** A fit ends when the log-likelihood changes by less than this share of itself; 1e-9 by default. */
  readonly tolerance?: number;
  /** Seed of the starts; 0 by default. */
  readonly seed?: number;
  /** All labels there are, for logistic experts; by default those that occur in the data. */
  readonly labels?: readonly number[];
  /** How exactly the M-steps are solved. */
  readonly newton?: NewtonOptions;
}

/** Close to exact, and no further than an EM step needs it. */
const defaultNewton: NewtonOptions = { maxSteps: 50, tolerance: 1e-11, maxConjugateSteps: 200 };
/** Learned variances stay above this share of the variance of all outputs. */
const VARIANCE_FLOOR = 1e-6;

/** Outputs as users have them: numbers or labels, or for several outputs one array per sample. */
export type OutputRows = ArrayLike<number> | readonly ArrayLike<number>[];

/** What a fit leaves. */
interface Fitted {
  readonly theta: Float64Array;
  readonly outcome: FitOutcome;
  readonly inputs: number;
  /** Sorted class labels; empty for linear experts. */
  readonly labels: readonly number[];
  readonly width: number;
  readonly warnings: readonly string[];
  /** Variance used where it is fixed, and least where it is learned. */
  readonly variance: number | { readonly floor: number };
}

/**
 * A mixture of linear or multinomial logistic experts with a softmax gate, fitted by maximum likelihood. For plain
 * arrays, in the manner of scikit-learn.
 *
 * @example
 * const model = new MixtureOfExperts({ components: 2, experts: 'linear' }).fit(x, y);
 * model.predict(x); // means, shape [N][Do]
 */
export class MixtureOfExperts {
  readonly #options: MixtureOfExpertsOptions;
  #fitted: Fitted | undefined;

  /** @throws ConfigError when a setting is out of its range. */
  constructor(options: MixtureOfExpertsOptions) {
    const { components, restarts = 1, variance } = options;
    if (!Number.isInteger(components) || components < 1) {
      throw new ConfigError({ what: 'components must be a whole number from 1', found: String(components) });
    }
    if (!Number.isInteger(restarts) || restarts < 1) {
      throw new ConfigError({ what: 'restarts must be a whole number from 1', found: String(restarts) });
    }
    if (typeof variance === 'number' && !(variance > 0 && Number.isFinite(variance))) {
      throw new ConfigError({ what: 'variance must be positive and finite', found: String(variance) });
    }
    this.#options = options;
  }

  /**
   * Fits gate and experts.
   *
   * @param x - N rows of K inputs.
   * @param y - N numbers or rows of Do numbers (linear), or N labels (logistic).
   * @throws FitError when values are not finite, shapes differ, there are fewer samples than components, or all labels
   *   are the same.
   * @returns this model.
   */
  fit(x: InputRows, y: OutputRows): this {
    const {
      components,
      experts,
      labels: known,
      transform = 'identity',
      variance = 'learned',
    } = this.#options;
    const [gateFeatures, features] = this.#features(x);
    if (y.length !== features.rows) {
      throw new FitError({ what: 'x and y differ in length', found: `${features.rows} and ${y.length}` });
    }
    if (features.rows < components) {
      throw new FitError({
        what: 'There are fewer samples than components',
        found: `${features.rows} samples, ${components} components`,
      });
    }
    const labels = experts === 'logistic' ? sortedLabels(y, known) : [];
    const warnings: string[] = [];
    if (transform !== 'identity' && isAffine(x, transform)) {
      warnings.push(
        'the transform of the gate is affine on these inputs: the standard gate in other words, with its slow rates',
      );
    }
    const { floor, values, width } =
      experts === 'linear' ? outputRows(y) : { floor: 1, values: undefined, width: 1 };
    const usedVariance = variance === 'learned' ? { floor } : variance;
    const outcomes: Outcomes =
      values === undefined
        ? { kind: 'logistic', labels: labelIndices(y, labels), classes: labels.length }
        : { kind: 'linear', values, width, variance: usedVariance };
    const model = this.#model(gateFeatures, features, outcomes);
    const outcome = this.#fitFromStarts(model, features);
    this.#fitted = {
      theta: outcome.theta,
      outcome,
      inputs: x[0]?.length ?? 0,
      labels,
      width,
      warnings,
      variance: usedVariance,
    };
    return this;
  }

  #features(x: InputRows): readonly [Features, Features] {
    const { intercept = true, transform = 'identity' } = this.#options;
    return [toFeatures(x, { intercept, transform: transformRow(transform) }), toFeatures(x, { intercept })];
  }

  #model(gateFeatures: Features, features: Features, outcomes: Outcomes): GatedMixture {
    const { components, newton = defaultNewton } = this.#options;
    return new GatedMixture(gateFeatures, features, outcomes, { components, newton });
  }

  /** Fits from every start and keeps the most likely end. */
  #fitFromStarts(model: GatedMixture, features: Features): FitOutcome {
    const {
      algorithm = 'squarem',
      maxIterations = 500,
      restarts = 5,
      seed = 0,
      tolerance = 1e-9,
    } = this.#options;
    const rng = Rng.fromSeed(seed).fork('mixture-of-experts');
    let best: FitOutcome | undefined;
    for (let start = 0; start < (model.components === 1 ? 1 : restarts); start++) {
      const posterior = randomPartition(features, model.components, rng.fork(start));
      const theta = model.fitTo(posterior, new Float64Array(model.size));
      const outcome = fitModel(model, theta, algorithm, { maxIterations, tolerance });
      if (best === undefined || (outcome.losses.at(-1) as number) < (best.losses.at(-1) as number))
        best = outcome;
    }
    return best as FitOutcome;
  }

  #use(): Fitted {
    if (this.#fitted !== undefined) return this.#fitted;
    throw new FitError({ what: 'The mixture has not been fitted', remedy: 'call fit(x, y) first' });
  }

  /** How the fit that was kept went: its losses, iterations, and whether it met the tolerance. */
  get outcome(): FitOutcome {
    return this.#use().outcome;
  }

  /** What the user should know about the settings, in sentences. */
  get warnings(): readonly string[] {
    return this.#use().warnings;
  }

  /** The parameters θ, laid out as {@link GatedMixture} says. */
  get parameters(): Float64Array {
    return this.#use().theta.slice();
  }

  /** The class labels, sorted; the last one's logits are zero. Empty for linear experts. */
  get labels(): readonly number[] {
    return this.#use().labels;
  }

  /** Computes the mean log-likelihood per sample, nats. */
  logLikelihood(x: InputRows, y: OutputRows): number {
    const fitted = this.#use();
    const [gateFeatures, features] = this.#features(this.#checkInputs(x));
    if (y.length !== features.rows) {
      throw new FitError({ what: 'x and y differ in length', found: `${features.rows} and ${y.length}` });
    }
    const outcomes: Outcomes =
      this.#options.experts === 'logistic'
        ? { kind: 'logistic', labels: labelIndices(y, fitted.labels), classes: fitted.labels.length }
        : {
            kind: 'linear',
            values: outputRows(y, fitted.width).values,
            width: fitted.width,
            variance: fitted.variance,
          };
    return -this.#model(gateFeatures, features, outcomes).loss(fitted.theta);
  }

  /**
   * Predicts the mean of the mixture (linear: one row of Do numbers per sample) or the most probable label (logistic: a
   * row of one).
   */
  predict(x: InputRows): number[][] {
    const { labels, width } = this.#use();
    if (this.#options.experts === 'logistic') {
      return this.predictProbabilities(x).map((row) => [labels[row.indexOf(Math.max(...row))] as number]);
    }
    const { answers, components, gate, rows } = this.#answers(x);
    return Array.from({ length: rows }, (_, i) =>
      Array.from({ length: width }, (_, o) => {
        let mean = 0;
        for (let c = 0; c < components; c++) {
          mean +=
            (gate[i * components + c] as number) * (answers[(i * components + c) * width + o] as number);
        }
        return mean;
      }),
    );
  }

  /** Computes the probability of every label, shape `[N][labels]`; of logistic experts. */
  predictProbabilities(x: InputRows): number[][] {
    const { labels } = this.#use();
    if (this.#options.experts !== 'logistic') {
      throw new FitError({ what: 'Linear experts have no label probabilities', remedy: 'use predict(x)' });
    }
    const { model, rows } = this.#answers(x);
    const probabilities = model.labelProbabilities(this.#use().theta);
    const classes = labels.length;
    return Array.from({ length: rows }, (_, i) => [
      ...probabilities.subarray(i * classes, (i + 1) * classes),
    ]);
  }

  /** Computes the gate's probability of every component, shape `[N][C]`. */
  gate(x: InputRows): number[][] {
    const { components, gate, rows } = this.#answers(x);
    return Array.from({ length: rows }, (_, i) => [...gate.subarray(i * components, (i + 1) * components)]);
  }

  /** Draws one output per row of x: a row of Do numbers, or of one label. */
  sample(x: InputRows, rng: Rng): number[][] {
    const { labels, theta, width } = this.#use();
    const { answers, components, gate, model, rows } = this.#answers(x);
    return Array.from({ length: rows }, (_, i) => {
      const c = rng.categorical(gate.subarray(i * components, (i + 1) * components));
      if (this.#options.experts === 'linear') {
        const deviation = Math.sqrt(model.variance(theta, c));
        return Array.from({ length: width }, (_, o) =>
          rng.normal(answers[(i * components + c) * width + o] as number, deviation),
        );
      }
      const free = labels.length - 1;
      const probabilities = [
        ...answers.subarray((i * components + c) * free, (i * components + c + 1) * free),
      ];
      probabilities.push(Math.max(0, 1 - probabilities.reduce((a, b) => a + b, 0)));
      return [labels[rng.categorical(probabilities)] as number];
    });
  }

  #checkInputs(x: InputRows): InputRows {
    const { inputs } = this.#use();
    if (x[0] !== undefined && x[0].length !== inputs) {
      throw new FitError({
        what: 'The rows have another length than those the mixture was fitted to',
        found: String(x[0].length),
        expected: String(inputs),
      });
    }
    return x;
  }

  /** Evaluates gate and experts at inputs without outputs. */
  #answers(x: InputRows) {
    const { labels, theta, variance, width } = this.#use();
    const [gateFeatures, features] = this.#features(this.#checkInputs(x));
    const { rows } = features;
    // the answers do not depend on the outcomes, which are therefore left at zero
    const outcomes: Outcomes =
      this.#options.experts === 'logistic'
        ? { kind: 'logistic', labels: new Int32Array(rows), classes: labels.length }
        : { kind: 'linear', values: new Float64Array(rows * width), width, variance };
    const model = this.#model(gateFeatures, features, outcomes);
    const { answers, gate } = model.evaluate(theta);
    return { answers, gate, rows, components: model.components, model };
  }
}

/** Checks numbers or rows of numbers and lays them out, shape `[N, width]`. */
function outputRows(
  y: OutputRows,
  expected?: number,
): { values: Float64Array; width: number; floor: number } {
  const rows = Array.from(y as ArrayLike<number | ArrayLike<number>>, (row) =>
    typeof row === 'number' ? [row] : Array.from(row),
  );
  const width = expected ?? rows[0]?.length ?? 0;
  const values = new Float64Array(rows.length * width);
  rows.forEach((row, i) => {
    if (row.length !== width || width === 0) {
      throw new FitError({
        what: 'The outputs differ in length',
        where: `y[${i}]`,
        found: String(row.length),
        expected: String(width),
      });
    }
    checkFinite(row, i, 'y');
    values.set(row, i * width);
  });
  let variance = 0;
  for (let o = 0; o < width; o++) {
    let mean = 0;
    for (let i = 0; i < rows.length; i++) mean += (values[i * width + o] as number) / rows.length;
    for (let i = 0; i < rows.length; i++)
      variance += ((values[i * width + o] as number) - mean) ** 2 / values.length;
  }
  // outputs that are all the same have no scale of their own
  return { values, width, floor: VARIANCE_FLOOR * (variance > 0 ? variance : 1) };
}

/** Collects the labels, sorted, and refuses data that tell nothing apart. */
function sortedLabels(y: OutputRows, known: readonly number[] | undefined): readonly number[] {
  const seen = new Set<number>(known);
  if (known === undefined) for (const label of Array.from(y as ArrayLike<number>)) seen.add(label);
  const labels = [...seen].sort((a, b) => a - b);
  if (labels.some((label) => !Number.isFinite(label))) {
    throw new FitError({ what: 'A label is not a finite number', where: 'y', found: labels.join(', ') });
  }
  if (labels.length < 2) {
    throw new FitError({
      what: 'All samples have the same label, so that there is nothing to tell apart',
      found: `label ${labels[0]}`,
      expected: 'at least two labels',
    });
  }
  return labels;
}

function labelIndices(y: OutputRows, labels: readonly number[]): Int32Array {
  return Int32Array.from(y as ArrayLike<number>, (label, i) => {
    const index = labels.indexOf(label);
    if (index >= 0) return index;
    throw new FitError({
      what: 'A label is not one of the known ones',
      where: `y[${i}]`,
      found: String(label),
      expected: labels.join(', '),
    });
  });
}

/** How much of a sample its region's component gets at the start; the rest goes to all alike. */
const FIRST_SHARE = 0.7;

/** Divides the inputs among components by their nearest of C random samples, softly. */
function randomPartition({ columns, rows, values }: Features, components: number, rng: Rng): Float64Array {
  const scale = new Float64Array(columns);
  for (let d = 0; d < columns; d++) {
    let sum = 0;
    let square = 0;
    for (let i = 0; i < rows; i++) {
      const v = values[i * columns + d] as number;
      sum += v / rows;
      square += (v * v) / rows;
    }
    const variance = square - sum * sum;
    scale[d] = variance > 1e-12 * square ? 1 / Math.sqrt(variance) : 0;
  }
  const centers = rng.shuffle(Array.from({ length: rows }, (_, i) => i)).slice(0, components);
  const posterior = new Float64Array(rows * components).fill((1 - FIRST_SHARE) / components);
  for (let i = 0; i < rows; i++) {
    let nearest = 0;
    let least = Infinity;
    centers.forEach((center, c) => {
      let distance = 0;
      for (let d = 0; d < columns; d++) {
        const difference = (values[i * columns + d] as number) - (values[center * columns + d] as number);
        distance += (difference * (scale[d] as number)) ** 2;
      }
      if (distance < least) {
        least = distance;
        nearest = c;
      }
    });
    const at = i * components + nearest;
    posterior[at] = (posterior[at] as number) + FIRST_SHARE;
  }
  return posterior;
}
