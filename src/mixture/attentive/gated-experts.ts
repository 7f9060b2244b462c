import { z } from 'zod';
import { Normalizer } from '../../data/normalizer.ts';
import { ConfigError, FitError } from '../../errors.ts';
import { Rng } from '../../random.ts';
import { tf } from '../../tensor/tf.ts';
import { Rows } from '../../training/rows.ts';
import { type Features, type InputRows, toFeatures } from '../glm/features.ts';
import { labelIndices, type OutputRows, outputRows, sortedLabels } from '../glm/outcomes.ts';
import { activations, count, notNegative } from '../imc-config.ts';
import { LearnedVariance } from '../learned-variance.ts';
import { gateKinds } from './attentive-config.ts';
import type { FeatureShape } from './feature-network.ts';
import { type GateMetrics, gateMetrics, indexOfLargest } from './gate-metrics.ts';
import { GatedNetworks } from './gated-networks.ts';
import { evaluateGated, type GatedTask, type PlainAnswers, trainGated } from './gated-training.ts';
import {
  classificationLoss,
  combineAnswers,
  type MixtureForm,
  mixtureKinds,
  regressionLoss,
  softmaxRows,
} from './mixture-form.ts';

const imageLayers = z.array(
  z.strictObject({
    /** Of 3 × 3 pixels, followed by a rectifier. */
    filters: count,
    /** Batch normalization before the rectifier. */
    normalize: z.boolean().default(false),
    /** Keeps the largest of every 2 × 2. */
    pool: z.boolean().default(true),
  }),
);

/** All settings of {@link GatedExperts} with their defaults; `parse({})` gives the whole. */
export const gatedExpertsSchema = z.strictObject({
  /** What is learned: labels, or numbers. */
  task: z.enum(['classification', 'regression']).default('classification'),
  /** M. */
  experts: count.default(5),
  gate: z.enum(gateKinds).default('attentive'),
  mixture: z.enum(mixtureKinds).default('expectation'),
  /** k of a `top-k` mixture. */
  k: count.default(2),
  /** Widths of the experts' hidden layers; the last one is that of the attentive gate's keys. */
  expertHidden: z.array(count).min(1).default([64, 32]),
  gateHidden: z.array(count).min(1).default([64, 32]),
  activation: z.enum(activations).default('relu'),
  /** Rows of x are images, row by row, channels last, which convolutional layers see first; null: they are not. */
  image: z
    .strictObject({
      height: count,
      width: count,
      channels: count.default(1),
      /** Adds zeros around the images before every layer, so that it keeps their size. */
      padded: z.boolean().default(true),
      expertLayers: imageLayers.default([]),
      gateLayers: imageLayers.default([]),
    })
    .nullable()
    .default(null),
  importanceWeight: notNegative.default(0),
  similarityWeight: notNegative.default(0),
  epochs: count.default(50),
  batchSize: count.default(128),
  learningRate: z.number().positive().default(2e-3),
  schedule: z.enum(['cosine', 'constant']).default('cosine'),
  weightDecay: notNegative.default(0),
  seed: z.int().default(0),
  /** All labels there are; null: those that occur in the data. */
  labels: z.array(z.number()).nullable().default(null),
});

/** Settings of {@link GatedExperts}; what is left out has its default. */
export type GatedExpertsOptions = z.input<typeof gatedExpertsSchema>;

/** What a fit leaves. */
interface Fitted {
  readonly networks: GatedNetworks;
  readonly inputs: Normalizer;
  /** Of regression. */
  readonly outputs: Normalizer | undefined;
  /** Sorted; of classification. */
  readonly labels: readonly number[];
  /** Of the Gaussians of a stochastic regression, in standard deviations of the outputs. */
  readonly standardDeviation: number;
  readonly losses: readonly number[];
}

/** What a training is given: everything that it does not find. */
type Unfitted = Omit<Fitted, 'standardDeviation' | 'losses'>;

/** Samples that were checked. */
interface Samples {
  readonly x: Features;
  /** Normalized; shape `[N, width]`. Of classification empty. */
  readonly numbers: Float32Array;
  /** Of classification, shape `[N]`. */
  readonly classes: Int32Array;
}

/**
 * A mixture of network experts for classification and regression, whose gate is a network of its own or attends to the
 * experts' hidden layers (Krishnamurthy, Watkins and Gaertner, arXiv 2302.14703). For plain arrays, in the manner of
 * scikit-learn; trains and answers on the active tensor backend. Owns tensors until {@link GatedExperts.dispose}.
 *
 * @example
 * const model = await new GatedExperts({ experts: 4, similarityWeight: 1 }).fit(x, labels);
 * await model.predict(x); // labels, shape [N]
 */
export class GatedExperts {
  readonly #options: z.infer<typeof gatedExpertsSchema>;
  #fitted: Fitted | undefined;

  /** @throws ConfigError when a setting is unknown or out of its range. */
  constructor(options: GatedExpertsOptions = {}) {
    const result = gatedExpertsSchema.safeParse(options);
    if (!result.success) {
      const [issue] = result.error.issues;
      throw new ConfigError({
        what: 'A setting of the mixture is unknown or out of its range',
        where: issue?.path.join('.') || 'the settings',
        found: issue?.message ?? 'nothing',
      });
    }
    this.#options = result.data;
  }

  /** Mean training loss of every epoch of the last fit, regularizers included. */
  get losses(): readonly number[] {
    return this.#use().losses;
  }

  /**
   * Trains experts and gate together, from scratch.
   *
   * @param x - N rows of inputs, all finite; every column is standardized inside.
   * @param y - N labels, or for regression N numbers or rows of numbers.
   * @returns this estimator.
   * @throws FitError when values are not finite, shapes differ, all labels agree, or there are fewer samples than
   *   experts; ConfigError when layers do not fit the images; DivergenceError when a loss is not finite.
   */
  async fit(x: InputRows, y: OutputRows): Promise<this> {
    const { experts, gate, seed, task } = this.#options;
    const features = this.#checkRows(x, y);
    const labels = task === 'classification' ? sortedLabels(y, this.#options.labels ?? undefined) : [];
    const numbers = task === 'regression' ? outputRows(y) : undefined;
    const rng = Rng.fromSeed(seed).fork('gated experts');
    const shape = {
      experts: this.#layers(features.columns, 'expert', experts),
      gate: this.#layers(features.columns, 'gate', 1),
      gateKind: gate,
      outputSize: numbers?.width ?? labels.length,
    };
    const model = {
      networks: new GatedNetworks(shape, GatedNetworks.draw(shape, rng.fork('weights'))),
      inputs: Normalizer.fit(features.values, features.columns),
      outputs: numbers && Normalizer.fit(numbers.values, numbers.width),
      labels,
    };
    try {
      const samples = this.#samples(model, features, y);
      const found = await this.#train(model, samples, rng.fork('training'), 'learned');
      this.dispose();
      this.#fitted = { ...model, ...found };
    } catch (error) {
      model.networks.dispose();
      throw error;
    }
    return this;
  }

  /**
   * Distils the gate to an original one: the experts are kept as they are, and a gate that starts from this one but for its
   * last layer is trained alone, without regularizers. It no longer needs the experts to choose among them.
   *
   * @param x - as of {@link GatedExperts.fit}.
   * @param y - as of {@link GatedExperts.fit}.
   * @returns another estimator, which owns tensors of its own.
   * @throws FitError, DivergenceError as {@link GatedExperts.fit}.
   */
  async distill(x: InputRows, y: OutputRows): Promise<GatedExperts> {
    const fitted = this.#use();
    const features = this.#checkRows(x, y);
    const student = new GatedExperts({
      ...this.#options,
      gate: 'original',
      importanceWeight: 0,
      similarityWeight: 0,
    });
    const rng = Rng.fromSeed(this.#options.seed).fork('gated experts').fork('distillation');
    const model = { ...fitted, networks: await fitted.networks.distilled(rng) };
    try {
      const samples = this.#samples(model, features, y);
      const found = await student.#train(model, samples, rng, fitted.standardDeviation);
      student.#fitted = { ...model, ...found };
    } catch (error) {
      model.networks.dispose();
      throw error;
    }
    return student;
  }

  /** Predicts labels, shape `[N]`, or for regression numbers, shape `[N][width]`. */
  async predict(x: InputRows): Promise<number[] | number[][]> {
    const { labels, outputs } = this.#use();
    const answers = await this.#answers(x);
    if (outputs === undefined) {
      return answers.map((row) => labels[indexOfLargest(row, 0, row.length)] as number);
    }
    return answers.map((row) => [...outputs.denormalize(row)]);
  }

  /**
   * Computes the probability of every label, in the order of {@link GatedExperts.labels}, shape `[N][labels]`.
   *
   * @throws FitError for regression.
   */
  async predictProbabilities(x: InputRows): Promise<number[][]> {
    if (this.#use().outputs !== undefined) {
      throw new FitError({ what: 'Numbers have no label probabilities', remedy: 'use predict(x)' });
    }
    return (await this.#answers(x)).map((row) => {
      // a single expert out of a top-1 mixture answers scaled by its own probability
      const total = row.reduce((a, b) => a + b, 0);
      return Array.from(row, (value) => value / total);
    });
  }

  /** The labels, sorted; none for regression. */
  get labels(): readonly number[] {
    return this.#use().labels;
  }

  /** Computes the gate's weight of every expert, shape `[N][M]`. */
  async gate(x: InputRows): Promise<number[][]> {
    const { experts } = this.#options;
    const { gate, samples } = await this.#evaluate(x);
    return Array.from({ length: samples }, (_, i) => [...gate.subarray(i * experts, (i + 1) * experts)]);
  }

  /** Measures how the gate divides samples among the experts, in bits. */
  async metrics(x: InputRows): Promise<GateMetrics> {
    const { experts } = this.#options;
    const { labels } = this.#use();
    const { gate, outputs, samples } = await this.#evaluate(x);
    const classes = labels.length;
    if (classes === 0) return gateMetrics(gate, experts);
    const answers = Int32Array.from({ length: samples }, (_, i) => {
      const chosen = i * experts + indexOfLargest(gate, i * experts, experts);
      return indexOfLargest(outputs, chosen * classes, classes);
    });
    return gateMetrics(gate, experts, answers);
  }

  /** Frees the tensors; the estimator can be fitted again. */
  dispose(): void {
    this.#fitted?.networks.dispose();
    this.#fitted = undefined;
  }

  get #form(): MixtureForm {
    const { k, mixture } = this.#options;
    return { kind: mixture, k };
  }

  #use(): Fitted {
    if (this.#fitted !== undefined) return this.#fitted;
    throw new FitError({ what: 'The mixture has not been fitted', remedy: 'await fit(x, y) first' });
  }

  #layers(inputSize: number, part: 'expert' | 'gate', networks: number): FeatureShape {
    const { activation, expertHidden, gateHidden, image } = this.#options;
    const hidden = part === 'expert' ? expertHidden : gateHidden;
    const common = { networks, inputSize, hidden, activation };
    if (image === null) return common;
    const { expertLayers, gateLayers, ...size } = image;
    return { ...common, convolutions: { ...size, layers: part === 'expert' ? expertLayers : gateLayers } };
  }

  #checkRows(x: InputRows, y: OutputRows): Features {
    const { experts, image } = this.#options;
    const features = toFeatures(x, { intercept: false });
    if (y.length !== features.rows) {
      throw new FitError({ what: 'x and y differ in length', found: `${features.rows} and ${y.length}` });
    }
    if (features.rows < experts) {
      throw new FitError({
        what: 'There are fewer samples than experts',
        found: `${features.rows} samples, ${experts} experts`,
      });
    }
    if (image !== null && image.height * image.width * image.channels !== features.columns) {
      throw new FitError({
        what: 'The rows are not the images that the settings name',
        found: `${features.columns} numbers`,
        expected: `${image.height} × ${image.width} × ${image.channels}`,
      });
    }
    return features;
  }

  #samples({ labels, outputs }: Pick<Fitted, 'labels' | 'outputs'>, x: Features, y: OutputRows): Samples {
    if (outputs === undefined) {
      return { x, numbers: new Float32Array(0), classes: labelIndices(y, labels) };
    }
    const numbers = outputs.normalize(outputRows(y, outputs.width).values);
    return { x, numbers, classes: new Int32Array(0) };
  }

  /**
   * Trains the networks.
   *
   * @param deviation - of a stochastic regression: `learned` with all networks, or known, where the gate alone is trained.
   */
  async #train(
    model: Unfitted,
    { classes, numbers, x }: Samples,
    rng: Rng,
    deviation: number | 'learned',
  ): Promise<Pick<Fitted, 'standardDeviation' | 'losses'>> {
    const { labels, networks } = model;
    const width = networks.shape.outputSize;
    const form = this.#form;
    const rows = new Rows(model.inputs.normalize(x.values), x.columns, false);
    const targets = new Rows(numbers, width, false);
    const variance = new LearnedVariance(form.kind === 'stochastic' ? deviation : 1);
    const task: GatedTask = {
      count: x.rows,
      inputs: (indices) => rows.gather(indices),
      variables: variance.variables,
      loss: ({ logits, outputs }, indices) => {
        if (labels.length === 0) {
          return regressionLoss(form, logits, outputs, targets.gather(indices), variance.logVariance());
        }
        const drawn = tf.tensor1d(
          Int32Array.from(indices, (i) => classes[i] as number),
          'int32',
        );
        const oneHot = tf.oneHot(drawn, labels.length, 1, 0, 'float32') as tf.Tensor2D;
        return classificationLoss(form, logits, outputs, oneHot);
      },
    };
    try {
      const part = deviation === 'learned' ? 'all' : 'gate';
      const losses = await trainGated(networks, task, this.#options, { rng }, part);
      return { losses, standardDeviation: await variance.standardDeviation() };
    } finally {
      variance.dispose();
    }
  }

  async #evaluate(x: InputRows): Promise<PlainAnswers> {
    const { inputs, networks } = this.#use();
    const { columns, rows, values } = toFeatures(x, { intercept: false });
    if (columns !== inputs.width) {
      throw new FitError({
        what: 'The rows have another length than those the mixture was fitted to',
        found: String(columns),
        expected: String(inputs.width),
      });
    }
    const source = new Rows(inputs.normalize(values), columns, false);
    return evaluateGated(networks, { count: rows, inputs: (indices) => source.gather(indices) }, this.#form);
  }

  /** Combines the experts' answers to every sample: label probabilities, or normalized numbers. */
  async #answers(x: InputRows): Promise<Float64Array[]> {
    const { experts } = this.#options;
    const { labels, networks } = this.#use();
    const { gate, outputs, samples } = await this.#evaluate(x);
    const width = networks.shape.outputSize;
    const values = labels.length === 0 ? outputs : softmaxRows(outputs, width);
    return Array.from({ length: samples }, (_, i) => {
      const answer = new Float64Array(width);
      const first = i * experts * width;
      combineAnswers(
        this.#form.kind,
        gate.subarray(i * experts, (i + 1) * experts),
        values.subarray(first, first + experts * width),
        answer,
      );
      return answer;
    });
  }
}
