import type { LabelledImages } from '../data/labelled-images.ts';
import type { GateKind } from '../mixture/attentive/attentive-config.ts';
import type { FeatureShape } from '../mixture/attentive/feature-network.ts';
import { type GateMetrics, gateMetrics, indexOfLargest } from '../mixture/attentive/gate-metrics.ts';
import { GatedNetworks, type GatedShape } from '../mixture/attentive/gated-networks.ts';
import {
  evaluateGated,
  type GatedPlan,
  type GatedTask,
  type PlainAnswers,
  trainGated,
} from '../mixture/attentive/gated-training.ts';
import { type ChannelScale, ImageSource } from '../mixture/attentive/image-source.ts';
import { classificationLoss, combineAnswers, softmaxRows } from '../mixture/attentive/mixture-form.ts';
import { Rng } from '../random.ts';
import { deviation, mean, meanCurve } from '../statistics.ts';
import { selectBackend } from '../tensor/backend.ts';
import { tf } from '../tensor/tf.ts';
import type { Figure, Part, Published, ReproductionContext } from './reproduction.ts';
import type { Units } from './units.ts';

/** Only the mixture of all reported runs with 5 and 20 experts. */
const FORM = { kind: 'expectation' } as const;

/** Published figures of one model: test error, I(E;Y), H_s, H_u in bits. */
export interface PublishedRow {
  readonly error: string;
  readonly mutualInformation?: string;
  readonly sampleEntropy?: string;
  readonly usageEntropy?: string;
}

/** One model of the table. */
export interface Arm {
  readonly name: string;
  /** A mixture of one has no gate. */
  readonly experts: 'one' | 'all';
  readonly gate: GateKind;
  readonly importanceWeight: number;
  readonly similarityWeight: number;
  /** Whether the gate is distilled to an original one afterwards, which is a model of its own. */
  readonly distilled?: string;
}

/** How much of an experiment is done. */
export interface ImageScale {
  readonly trainImages: number;
  readonly testImages: number;
  readonly epochs: number;
  readonly batchSize: number;
  /** Trainings of each model that a target speaks of. */
  readonly seeds: number;
  /** Trainings of each of the others. */
  readonly otherSeeds: number;
  /** Names of the models; all where left out. */
  readonly arms?: readonly string[];
}

/** An experiment on labelled images, but for the images. */
export interface ImageExperiment {
  /** Of the data, e.g. `Fashion-MNIST`; title and, in lower case, prefix of files and units. */
  readonly name: string;
  readonly classes: number;
  /** Names of the models that targets speak of. */
  readonly judged: readonly string[];
  readonly experts: number;
  readonly scale: ChannelScale;
  /** Whether training images are mirrored and shifted. */
  readonly varied: boolean;
  /** Layers of an expert and of the gate; the last hidden width is that of query and keys. */
  readonly expertLayers: Pick<FeatureShape, 'hidden'> &
    Pick<NonNullable<FeatureShape['convolutions']>, 'layers'>;
  readonly gateLayers: ImageExperiment['expertLayers'];
  /** Whether convolutions keep the size of the images. */
  readonly padded: boolean;
  readonly plan: Pick<GatedPlan, 'learningRate' | 'schedule' | 'weightDecay'>;
  readonly arms: readonly Arm[];
  readonly published: Readonly<Record<string, PublishedRow>>;
  readonly source: string;
  /** Facts for the protocol: where this differs from the paper. */
  readonly remarks: readonly string[];
  /** Judges figures that have targets. */
  readonly targets: (results: ReadonlyMap<string, readonly ArmResult[]>) => readonly Figure[];
}

/** What one model came to with one seed. */
export interface ArmResult extends GateMetrics {
  readonly trainError: number;
  readonly testError: number;
  /** Mean training loss of every epoch, regularizers included. */
  readonly losses: readonly number[];
}

/** Images for training and for the test. */
export interface ImageSets {
  readonly train: LabelledImages;
  readonly test: LabelledImages;
}

type Work = Pick<ReproductionContext, 'seed' | 'units'>;

/** One training set-up: everything that does not change from model to model. */
interface Bench {
  readonly experiment: ImageExperiment;
  readonly scale: ImageScale;
  readonly train: ImageSource;
  readonly test: ImageSource;
  readonly sets: ImageSets;
  readonly units: Units;
}

function featureShape(
  experiment: ImageExperiment,
  images: LabelledImages,
  part: 'expert' | 'gate',
  networks: number,
) {
  const { hidden, layers } = part === 'expert' ? experiment.expertLayers : experiment.gateLayers;
  const { channels = 1, height, width } = images;
  const convolutions = { height, width, channels, layers, padded: experiment.padded };
  const inputSize = height * width * channels;
  return { networks, inputSize, convolutions, hidden, activation: 'relu' } as const;
}

/** Lays out the networks of an experiment. */
export function experimentShape(
  experiment: ImageExperiment,
  images: LabelledImages,
  gateKind: GateKind,
  experts: number,
): GatedShape {
  return {
    experts: featureShape(experiment, images, 'expert', experts),
    gate: featureShape(experiment, images, 'gate', 1),
    gateKind,
    outputSize: experiment.classes,
  };
}

/** The task of naming the class of training images. */
function taskOf({ experiment, sets, train }: Bench): GatedTask {
  return {
    count: train.count,
    inputs: (indices, augment) => train.inputs(indices, augment),
    loss: ({ logits, outputs }, indices) => {
      const labels = Int32Array.from(indices, (i) => sets.train.labels[i] as number);
      const oneHot = tf.oneHot(tf.tensor1d(labels, 'int32'), experiment.classes, 1, 0, 'float32');
      return classificationLoss(FORM, logits, outputs, oneHot as tf.Tensor2D);
    },
  };
}

/** Scores answers to images: the share of wrong ones, and how the gate divided them. */
export function scoreAnswers(
  { gate, outputs, samples }: PlainAnswers,
  experts: number,
  classes: number,
  labels: Uint8Array,
): GateMetrics & { readonly error: number } {
  const probabilities = softmaxRows(outputs, classes);
  const answer = new Float64Array(classes);
  const ofChosen = new Int32Array(samples);
  let wrong = 0;
  for (let i = 0; i < samples; i++) {
    const row = gate.subarray(i * experts, (i + 1) * experts);
    const first = i * experts * classes;
    combineAnswers(FORM.kind, row, probabilities.subarray(first, first + experts * classes), answer);
    if (indexOfLargest(answer, 0, classes) !== labels[i]) wrong++;
    ofChosen[i] = indexOfLargest(probabilities, first + indexOfLargest(row, 0, experts) * classes, classes);
  }
  return { error: wrong / samples, ...gateMetrics(gate, experts, ofChosen) };
}

async function score(bench: Bench, networks: GatedNetworks, losses: readonly number[]): Promise<ArmResult> {
  const { experiment, sets, test, train } = bench;
  const experts = networks.shape.experts.networks;
  const on = async (source: ImageSource, { labels }: LabelledImages) =>
    scoreAnswers(await evaluateGated(networks, source, FORM), experts, experiment.classes, labels);
  const { error: testError, ...metrics } = await on(test, sets.test);
  const { error: trainError } = await on(train, sets.train);
  return { trainError, testError, losses, ...metrics };
}

/** Trains one model, and distils its gate where that is asked for; by the names of the models. */
async function trainArm(bench: Bench, arm: Arm, seed: number): Promise<Record<string, ArmResult>> {
  const { experiment, scale, sets, units } = bench;
  const rng = Rng.fromSeed(seed).fork(experiment.name);
  const experts = arm.experts === 'one' ? 1 : experiment.experts;
  const shape = experimentShape(experiment, sets.train, arm.gate, experts);
  const { importanceWeight, similarityWeight } = arm;
  const { batchSize, epochs } = scale;
  const plan: GatedPlan = { ...experiment.plan, batchSize, epochs, importanceWeight, similarityWeight };
  const task = taskOf(bench);
  const onEpoch = () => units.breathe();
  const networks = new GatedNetworks(shape, GatedNetworks.draw(shape, rng.fork('weights')));
  try {
    const losses = await trainGated(networks, task, plan, { rng: rng.fork('training'), onEpoch });
    const results: Record<string, ArmResult> = { [arm.name]: await score(bench, networks, losses) };
    if (arm.distilled === undefined) return results;
    const student = await networks.distilled(rng.fork('distillation'));
    try {
      const bare = { ...plan, importanceWeight: 0, similarityWeight: 0 };
      const run = { rng: rng.fork('distillation'), onEpoch };
      const taught = await trainGated(student, task, bare, run, 'gate');
      return { ...results, [arm.distilled]: await score(bench, student, taught) };
    } finally {
      student.dispose();
    }
  } finally {
    networks.dispose();
  }
}

const measures = [
  { key: 'testError', published: 'error', name: 'test error' },
  { key: 'mutualInformation', published: 'mutualInformation', name: 'I(E;Y), bits' },
  { key: 'sampleEntropy', published: 'sampleEntropy', name: 'H_s, bits' },
  { key: 'usageEntropy', published: 'usageEntropy', name: 'H_u, bits' },
  { key: 'trainError', published: undefined, name: 'training error' },
] as const;

function figuresOf(
  experiment: ImageExperiment,
  model: string,
  results: readonly ArmResult[],
  single: boolean,
): Figure[] {
  const row = experiment.published[model];
  return measures.flatMap(({ key, name, published: column }) => {
    if (single && column !== 'error' && column !== undefined) return [];
    const values = results.map((result) => result[key] as number);
    const value = column === undefined ? undefined : row?.[column];
    const published: Published | undefined =
      value === undefined ? undefined : { value, mark: 'verified', source: experiment.source };
    return {
      name: `${name}, ${model}`,
      mean: mean(values),
      spread: deviation(values),
      count: values.length,
      ...(published === undefined ? {} : { published }),
    };
  });
}

/** The figures of all models as one table, with the published ones in brackets. */
function tableOf(
  experiment: ImageExperiment,
  models: readonly (readonly [string, readonly ArmResult[]])[],
): string {
  const columns = measures.map(({ name }) => name);
  const rows = models.map(([model, results]) => {
    const cells = measures.map(({ key, published }) => {
      const values = results.map((result) => result[key] as number);
      const row = published === undefined ? undefined : experiment.published[model]?.[published];
      const spread = values.length > 1 ? ` ± ${deviation(values).toFixed(3)}` : '';
      return `${mean(values).toFixed(3)}${spread}${row === undefined ? '' : ` (${row})`}`;
    });
    return `| ${model} | ${cells.join(' | ')} |`;
  });
  const rule = `|${' --- |'.repeat(columns.length + 1)}`;
  return [`| model (published) | ${columns.join(' | ')} |`, rule, ...rows].join('\n');
}

/** Does the experiment on images that have been read: every model with every seed, one unit of work each. */
export async function attentiveImages(
  experiment: ImageExperiment,
  sets: ImageSets,
  scale: ImageScale,
  { seed, units }: Work,
): Promise<Part> {
  const bench: Bench = {
    ...{ experiment, scale, sets, units },
    train: new ImageSource(sets.train, experiment.scale, scale.trainImages, experiment.varied),
    test: new ImageSource(sets.test, experiment.scale, scale.testImages),
  };
  await selectBackend('auto', { deterministic: false });
  const arms = experiment.arms.filter(({ name }) => scale.arms?.includes(name) ?? true);
  const results = new Map<string, ArmResult[]>();
  const isJudged = ({ name }: Arm) => experiment.judged.includes(name);
  const trainings = (of: readonly Arm[], count: number) =>
    Array.from({ length: count }, (_, s) => of.map((arm) => [arm, seed + s] as const)).flat();
  for (const [arm, own] of [
    ...trainings(arms.filter(isJudged), scale.seeds),
    ...trainings(
      arms.filter((arm) => !isJudged(arm)),
      scale.otherSeeds,
    ),
  ]) {
    const found = await units.do(`seed/${own}/${arm.name}`, () => trainArm(bench, arm, own));
    for (const [model, result] of Object.entries(found)) {
      results.set(model, [...(results.get(model) ?? []), result]);
    }
  }
  const models = [...results.entries()];
  const { batchSize, epochs } = scale;
  const { learningRate, schedule, weightDecay } = experiment.plan;
  const singles = new Set(arms.filter(({ experts }) => experts === 'one').map(({ name }) => name));
  return {
    title: `${experiment.name}, ${experiment.experts} experts`,
    protocol: [
      `${bench.train.count} training and ${bench.test.count} test images; expectation mixtures of ${experiment.experts} experts; ${epochs} epochs in batches of ${batchSize}.`,
      `Adam at ${learningRate}${schedule === 'cosine' ? ', falling to 0 along a cosine' : ''}; weight decay ${weightDecay}. ${scale.seeds} training${scale.seeds === 1 ? '' : 's'} of the models that targets speak of, ${scale.otherSeeds} of each other one, seeds from ${seed} on: means, nothing is selected.`,
      'Metrics on the whole test set. I(E;Y) of the most probable expert and the class it answers; H_s mean entropy of the gate per image; H_u entropy of the mean gate; in bits.',
      'Published: the result files in yamsgithub/modular_deep_learning, of each model the run of least training error; equality with the paper’s printed tables was not checked.',
      'Distilled: experts frozen, a new original gate that starts from the attentive one but for its last layer, trained alone on the same loss without regularizer.',
      ...experiment.remarks,
    ],
    figures: [
      ...experiment.targets(results),
      ...models.flatMap(([model, found]) => figuresOf(experiment, model, found, singles.has(model))),
    ],
    charts: [
      {
        file: 'training-loss',
        title: 'Training loss with regularizers, mean over seeds',
        xLabel: 'epoch',
        yLabel: 'nats',
        logY: true,
        series: models.map(([name, found]) => {
          const y = meanCurve(found.map(({ losses }) => losses));
          return { name, x: y.map((_, epoch) => epoch + 1), y };
        }),
      },
    ],
    notes: [tableOf(experiment, models)],
  };
}
