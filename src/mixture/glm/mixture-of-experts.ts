import { ConfigError, FitError } from '../../errors.ts';
import { Rng } from '../../random.ts';
import { type Features, type InputRows, toFeatures } from './features.ts';
import { type GateTransform, isAffine, transformRow } from './gate-transform.ts';
import { GatedMixture, type Outcomes } from './gated-mixture.ts';
import { type FitAlgorithm, type FitOutcome, fitModel } from './iterations.ts';
import type { NewtonOptions } from './multinomial-regression.ts';
import {
  findUnits,
  labelIndices,
  type OutputRows,
  type OutputUnits,
  outputRows,
  sortedLabels,
  toUnits,
} from './outcomes.ts';
import { findStandardization, type Standardization, standardize, toRawWeights } from './standardization.ts';

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

/** How the features of gate and experts are standardized. */
interface Scales {
  readonly gate: Standardization;
  readonly experts: Standardization;
}

/** What a fit leaves. */
interface Fitted {
  /** Of standardized features. */
  readonly theta: Float64Array;
  readonly outcome: FitOutcome;
  readonly inputs: number;
  readonly scales: Scales;
  /** Sorted class labels; empty for linear experts. */
  readonly labels: readonly number[];
  readonly width: number;
  readonly warnings: readonly string[];
  /** Of linear experts' outputs. */
  readonly units: OutputUnits;
  /** In units of the outputs: used where it is fixed, and the least where it is learned. */
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
    const [rawGate, rawFeatures] = this.#features(x);
    const { intercept = true } = this.#options;
    const scales = {
      gate: findStandardization(rawGate, intercept),
      experts: findStandardization(rawFeatures, intercept),
    };
    const gateFeatures = standardize(rawGate, scales.gate);
    const features = standardize(rawFeatures, scales.experts);
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
    const { values, width } = experts === 'linear' ? outputRows(y) : { values: undefined, width: 1 };
    const units =
      values === undefined ? { means: new Float64Array(1), unit: 1 } : findUnits(values, width, intercept);
    const usedVariance = variance === 'learned' ? { floor: VARIANCE_FLOOR } : variance / units.unit ** 2;
    const outcomes: Outcomes =
      values === undefined
        ? { kind: 'logistic', labels: labelIndices(y, labels), classes: labels.length }
        : { kind: 'linear', values: toUnits(values, units), width, variance: usedVariance };
    const model = this.#model(gateFeatures, features, outcomes);
    const outcome = this.#fitFromStarts(model, features);
    const shift = width * Math.log(units.unit);
    this.#fitted = {
      theta: outcome.theta,
      outcome: { ...outcome, losses: outcome.losses.map((loss) => loss + shift) },
      units,
      inputs: x[0]?.length ?? 0,
      scales,
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

  /** Lays out inputs after the fit, in the units of the fit. */
  #standardized(x: InputRows): readonly [Features, Features] {
    const { scales } = this.#use();
    const [gate, experts] = this.#features(this.#checkInputs(x));
    return [standardize(gate, scales.gate), standardize(experts, scales.experts)];
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

  /** The parameters θ, laid out as {@link GatedMixture} says, in the units of the inputs (transformed, for the gate). */
  get parameters(): Float64Array {
    const { labels, scales, theta, units, width } = this.#use();
    const { components, experts, intercept = true } = this.#options;
    const gateEnd = (components - 1) * scales.gate.means.length;
    const rows = experts === 'linear' ? width : labels.length - 1;
    const columns = scales.experts.means.length;
    const expertEnd = gateEnd + components * rows * columns;
    const weights = toRawWeights(theta.slice(gateEnd, expertEnd), scales.experts, intercept).map((w, at) => {
      const constant = intercept && at % columns === columns - 1;
      return units.unit * w + (constant ? (units.means[Math.floor(at / columns) % rows] ?? 0) : 0);
    });
    return Float64Array.of(
      ...toRawWeights(theta.slice(0, gateEnd), scales.gate, intercept),
      ...weights,
      ...theta.slice(expertEnd).map((logVariance) => logVariance + 2 * Math.log(units.unit)),
    );
  }

  /** The class labels, sorted; the last one's logits are zero. Empty for linear experts. */
  get labels(): readonly number[] {
    return this.#use().labels;
  }

  /** Computes the mean log-likelihood per sample, nats. */
  logLikelihood(x: InputRows, y: OutputRows): number {
    const fitted = this.#use();
    const [gateFeatures, features] = this.#standardized(x);
    if (y.length !== features.rows) {
      throw new FitError({ what: 'x and y differ in length', found: `${features.rows} and ${y.length}` });
    }
    const outcomes: Outcomes =
      this.#options.experts === 'logistic'
        ? { kind: 'logistic', labels: labelIndices(y, fitted.labels), classes: fitted.labels.length }
        : {
            kind: 'linear',
            values: toUnits(outputRows(y, fitted.width).values, fitted.units),
            width: fitted.width,
            variance: fitted.variance,
          };
    const loss = this.#model(gateFeatures, features, outcomes).loss(fitted.theta);
    return -loss - fitted.width * Math.log(fitted.units.unit);
  }

  /**
   * Predicts the mean of the mixture (linear: one row of Do numbers per sample) or the most probable label (logistic: a
   * row of one).
   */
  predict(x: InputRows): number[][] {
    const { labels, units, width } = this.#use();
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
        return (units.means[o] as number) + units.unit * mean;
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
    const { labels, theta, units, width } = this.#use();
    const { answers, components, gate, model, rows } = this.#answers(x);
    return Array.from({ length: rows }, (_, i) => {
      const c = rng.categorical(gate.subarray(i * components, (i + 1) * components));
      if (this.#options.experts === 'linear') {
        const deviation = Math.sqrt(model.variance(theta, c));
        return Array.from({ length: width }, (_, o) => {
          const mean = answers[(i * components + c) * width + o] as number;
          return (units.means[o] as number) + units.unit * rng.normal(mean, deviation);
        });
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
    const [gateFeatures, features] = this.#standardized(x);
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

/** How much of a sample its region's component gets at the start; the rest goes to all alike. */
const FIRST_SHARE = 0.7;

/** Divides standardized inputs among components by their nearest of C random samples, softly. */
function randomPartition({ columns, rows, values }: Features, components: number, rng: Rng): Float64Array {
  const centers = rng.shuffle(Array.from({ length: rows }, (_, i) => i)).slice(0, components);
  const posterior = new Float64Array(rows * components).fill((1 - FIRST_SHARE) / components);
  for (let i = 0; i < rows; i++) {
    let nearest = 0;
    let least = Infinity;
    centers.forEach((center, c) => {
      let distance = 0;
      for (let d = 0; d < columns; d++) {
        const difference = (values[i * columns + d] as number) - (values[center * columns + d] as number);
        distance += difference * difference;
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
