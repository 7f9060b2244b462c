import {
  debianFashionMnist,
  fashionMnist,
  hasImages,
  type LabelledImages,
  readLabelledImages,
} from '../data/labelled-images.ts';
import { DivergenceError } from '../errors.ts';
import { EngineFeatures } from '../mixture/glm/engine-features.ts';
import { GatedMixture } from '../mixture/glm/gated-mixture.ts';
import { type FitAlgorithm, fitModel } from '../mixture/glm/iterations.ts';
import type { NewtonOptions } from '../mixture/glm/multinomial-regression.ts';
import { Rng } from '../random.ts';
import { deviation, mean, meanCurve } from '../statistics.ts';
import { selectBackend } from '../tensor/backend.ts';
import type { Figure, Part, ReproductionContext } from './reproduction.ts';
import type { Units } from './units.ts';

/** How much of the experiment is done. */
export interface RandomInvertScale {
  readonly trainImages: number;
  readonly testImages: number;
  /** Squares of this many pixels a side are averaged into one feature. */
  readonly pool: number;
  readonly instances: number;
  readonly iterations: number;
  /** Accuracy is taken every so many iterations. */
  readonly every: number;
  /** Instances that step sizes are tuned on, and images of each. */
  readonly tuning: { readonly instances: number; readonly images: number };
}

const WHOLE: RandomInvertScale = {
  trainImages: 60_000,
  testImages: 10_000,
  pool: 1,
  instances: 5,
  iterations: 100,
  every: 5,
  tuning: { instances: 5, images: 3000 },
};
const QUICK: RandomInvertScale = {
  trainImages: 6000,
  testImages: 5000,
  pool: 2,
  instances: 1,
  iterations: 100,
  every: 5,
  tuning: { instances: 2, images: 1000 },
};
const CLASSES = 10;
const START_DEVIATION = 0.1;
/** From the step that is safe anywhere, by factors of √2, to where both gradient algorithms lose all they had. */
const STEP_SCALES = Array.from({ length: 11 }, (_, i) => 2 ** (i / 2));
/** An M-step goes on from where the last one ended, so that one Newton step of few products gains most of it. */
const M_STEP: NewtonOptions = { maxSteps: 1, tolerance: 1e-6, maxConjugateSteps: 5 };

const arms = [
  { name: 'EM', algorithm: 'em', accuracy: '0.785', crossEntropy: '0.827' },
  { name: 'gradient EM', algorithm: 'gradient-em', accuracy: '0.660', crossEntropy: '1.29' },
  { name: 'gradient descent', algorithm: 'gradient-descent', accuracy: '0.624', crossEntropy: '1.30' },
] as const;

/** Test accuracy and cross entropy (nats) while an algorithm runs. */
interface Course {
  readonly iterations: number[];
  readonly accuracy: number[];
  readonly crossEntropy: number[];
  readonly finalTrainLoss: number;
}

/** A classification problem. */
export interface Inverted {
  /** Pixels from 0 to 1, averaged over squares, and a constant; row-major, shape `[N, K]`. */
  readonly values: Float32Array;
  readonly rows: number;
  readonly columns: number;
  /** Class indices, shape `[N]`. */
  readonly labels: Int32Array;
}

/**
 * Makes a classification problem of the first `count` images: every image inverted with probability ½, pixels from 0 to
 * 1 averaged over squares, and a constant.
 */
export function invertAtRandom(images: LabelledImages, count: number, pool: number, rng: Rng): Inverted {
  const across = Math.floor(images.width / pool);
  const down = Math.floor(images.height / pool);
  const columns = across * down + 1;
  const rows = Math.min(count, images.count);
  const values = new Float32Array(rows * columns);
  const sums = new Float64Array(columns);
  const white = 255 * pool * pool;
  for (let i = 0; i < rows; i++) {
    const inverted = rng.uniform() < 0.5;
    sums.fill(0);
    for (let a = 0; a < down * pool; a++) {
      for (let b = 0; b < across * pool; b++) {
        const at = Math.floor(a / pool) * across + Math.floor(b / pool);
        const pixel = images.pixels[(i * images.height + a) * images.width + b] as number;
        sums[at] = (sums[at] as number) + pixel;
      }
    }
    for (let d = 0; d < columns - 1; d++) {
      const sum = sums[d] as number;
      values[i * columns + d] = (inverted ? white - sum : sum) / white;
    }
    values[i * columns + columns - 1] = 1;
  }
  return { values, rows, columns, labels: Int32Array.from(images.labels.subarray(0, rows)) };
}

function accuracyOf(model: GatedMixture, theta: Float64Array, labels: Int32Array): number {
  const probabilities = model.labelProbabilities(theta);
  let right = 0;
  labels.forEach((label, i) => {
    const row = probabilities.subarray(i * CLASSES, (i + 1) * CLASSES);
    if (row.indexOf(Math.max(...row)) === label) right++;
  });
  return right / labels.length;
}

/** What the algorithms are compared on; it holds two tensors until `dispose` is called. */
interface Problem {
  readonly train: GatedMixture;
  readonly test: GatedMixture;
  readonly testLabels: Int32Array;
  readonly start: Float64Array;
  dispose(): void;
}

function drawProblem(
  train: LabelledImages,
  test: LabelledImages,
  scale: RandomInvertScale,
  rng: Rng,
): Problem {
  const matrices: EngineFeatures[] = [];
  const mixtureOf = ({ columns, labels, rows, values }: Inverted) => {
    const features = new EngineFeatures(values, rows, columns);
    matrices.push(features);
    const outcomes = { kind: 'logistic', labels, classes: CLASSES } as const;
    return new GatedMixture(features, features, outcomes, { components: 2, newton: M_STEP });
  };
  const model = mixtureOf(invertAtRandom(train, scale.trainImages, scale.pool, rng.fork('train')));
  const held = invertAtRandom(test, scale.testImages, scale.pool, rng.fork('test'));
  const startRng = rng.fork('start');
  const start = Float64Array.from({ length: model.size }, () => startRng.normal(0, START_DEVIATION));
  const dispose = () => {
    for (const features of matrices) features.dispose();
  };
  return { train: model, test: mixtureOf(held), testLabels: held.labels, start, dispose };
}

/** Runs an algorithm on a problem, a few iterations at a time, so that stopping is noticed. */
async function runArm(
  problem: Problem,
  algorithm: FitAlgorithm,
  stepScale: number,
  { every, iterations }: RandomInvertScale,
  units: Units,
): Promise<Course> {
  const course: Omit<Course, 'finalTrainLoss'> = { iterations: [], accuracy: [], crossEntropy: [] };
  const score = (iteration: number, theta: Float64Array) => {
    course.iterations.push(iteration);
    course.accuracy.push(accuracyOf(problem.test, theta, problem.testLabels));
    course.crossEntropy.push(problem.test.loss(theta));
  };
  let theta = problem.start;
  let finalTrainLoss = 0;
  score(0, theta);
  for (let done = 0; done < iterations; ) {
    const outcome = fitModel(problem.train, theta, algorithm, {
      maxIterations: Math.min(every, iterations - done),
      tolerance: 0,
      stepScale,
    });
    theta = outcome.theta;
    done += outcome.iterations;
    finalTrainLoss = outcome.losses.at(-1) as number;
    score(done, theta);
    await units.breathe();
  }
  return { ...course, finalTrainLoss };
}

/** Runs an algorithm with every step size for the losses that it ends with: the largest number where none is left. */
async function finalLosses(
  problem: Problem,
  algorithm: FitAlgorithm,
  scale: RandomInvertScale,
  units: Units,
): Promise<number[]> {
  const finals: number[] = [];
  for (const step of STEP_SCALES) {
    try {
      finals.push((await runArm(problem, algorithm, step, scale, units)).finalTrainLoss);
    } catch (error) {
      if (!(error instanceof DivergenceError)) throw error;
      finals.push(Number.MAX_VALUE);
    }
  }
  return finals;
}

/**
 * Finds the step that serves a gradient algorithm best, by the mean training loss of instances that are not scored: of
 * several, because near the largest stable step it is chance how a single one ends.
 */
async function tuneStep(
  algorithm: FitAlgorithm,
  images: { readonly train: LabelledImages; readonly test: LabelledImages },
  scale: RandomInvertScale,
  { seed, units }: Pick<ReproductionContext, 'seed' | 'units'>,
): Promise<number> {
  const small = { ...scale, trainImages: scale.tuning.images, testImages: 10, every: scale.iterations };
  const rng = Rng.fromSeed(seed).fork('random-invert').fork('tuning');
  const means: number[] = STEP_SCALES.map(() => 0);
  for (let i = 0; i < scale.tuning.instances; i++) {
    const losses = await units.do(`random-invert/step/${algorithm}/${i}`, async () => {
      const problem = drawProblem(images.train, images.test, small, rng.fork(i));
      try {
        return await finalLosses(problem, algorithm, small, units);
      } finally {
        problem.dispose();
      }
    });
    losses.forEach((loss, s) => {
      means[s] = (means[s] as number) + loss / scale.tuning.instances;
    });
  }
  return STEP_SCALES[means.indexOf(Math.min(...means))] as number;
}

/** Does the experiment on images that have been read. */
export async function randomInvertOn(
  images: { readonly train: LabelledImages; readonly test: LabelledImages },
  scale: RandomInvertScale,
  context: Pick<ReproductionContext, 'seed' | 'units'>,
): Promise<Part> {
  const { seed, units } = context;
  // the one whose sums are the same for any number of threads
  await selectBackend('simd');
  const steps: Readonly<Record<string, number>> = {
    em: 1,
    'gradient-em': await tuneStep('gradient-em', images, scale, context),
    'gradient-descent': await tuneStep('gradient-descent', images, scale, context),
  };
  const courses: Record<string, Course[]> = { em: [], 'gradient-em': [], 'gradient-descent': [] };
  for (let i = 0; i < scale.instances; i++) {
    let problem: Problem | undefined;
    try {
      for (const { algorithm } of arms) {
        const course = await units.do(`random-invert/instance/${i}/${algorithm}`, () => {
          problem ??= drawProblem(
            images.train,
            images.test,
            scale,
            Rng.fromSeed(seed).fork('random-invert').fork(i),
          );
          return runArm(problem, algorithm, steps[algorithm] as number, scale, units);
        });
        courses[algorithm]?.push(course);
      }
    } finally {
      problem?.dispose();
    }
  }
  const finals = (algorithm: string, what: 'accuracy' | 'crossEntropy') =>
    (courses[algorithm] as Course[]).map((course) => course[what].at(-1) as number);
  const source = 'Table 2';
  const figures: Figure[] = arms.flatMap(({ accuracy, algorithm, crossEntropy, name }) => {
    const scored = finals(algorithm, 'accuracy');
    const entropies = finals(algorithm, 'crossEntropy');
    const target = algorithm === 'em' ? { target: '≥ 0.76', holds: mean(scored) >= 0.76 } : {};
    return [
      {
        name: `test accuracy, ${name}`,
        mean: mean(scored),
        spread: deviation(scored),
        count: scored.length,
        ...target,
        published: { value: accuracy, mark: 'verified', source } as const,
      },
      {
        name: `test cross entropy (nats), ${name}`,
        mean: mean(entropies),
        spread: deviation(entropies),
        count: entropies.length,
        published: { value: crossEntropy, mark: 'verified', source } as const,
      },
    ];
  });
  for (const { algorithm, name } of arms.slice(1)) {
    const gaps = finals('em', 'accuracy').map(
      (value, i) => value - (finals(algorithm, 'accuracy')[i] as number),
    );
    figures.push({
      name: `accuracy gained by EM over ${name}`,
      mean: mean(gaps),
      spread: deviation(gaps),
      count: gaps.length,
      target: '≥ 0.10',
      holds: mean(gaps) >= 0.1,
    });
  }
  const step = (algorithm: string) => Number((steps[algorithm] as number).toPrecision(3));
  const side = `${Math.floor(images.train.width / scale.pool)} × ${Math.floor(images.train.height / scale.pool)}`;
  return {
    title: 'Random-Invert Fashion-MNIST',
    protocol: [
      `${Math.min(scale.trainImages, images.train.count)} training and ${Math.min(scale.testImages, images.test.count)} test images, ${side} features and a constant; every image inverted with probability ½.`,
      `Two multinomial logistic experts, linear softmax gate; ${scale.iterations} iterations, ${scale.instances} instance${scale.instances === 1 ? '' : 's'} (the paper: 100 and 25, all images).`,
      'Products with the images: single precision, on the compute engine (simd); everything else in double.',
      `Start for all: normal weights of deviation ${START_DEVIATION}.`,
      'EM: full-batch M-steps, each one damped Newton step for the gate and for every expert, solved by at most 5 conjugate-gradient products, from where the last one ended.',
      `Gradient EM and gradient descent: steps of 1 to ${STEP_SCALES.at(-1)} times the safe one, √2 apart, the best by mean training loss on ${scale.tuning.instances} other instances of ${Math.min(scale.tuning.images, images.train.count)} images: ${step('gradient-em')} and ${step('gradient-descent')}. The paper's steps are not known.`,
      `Seed ${seed}; instance i draws inversions and start from the stream (seed, i).`,
    ],
    figures,
    charts: (['accuracy', 'crossEntropy'] as const).map((what) => ({
      file: `random-invert-${what === 'accuracy' ? 'accuracy' : 'cross-entropy'}`,
      title: `Test ${what === 'accuracy' ? 'accuracy' : 'cross entropy'}, mean of ${scale.instances}`,
      xLabel: 'iteration',
      yLabel: what === 'accuracy' ? 'accuracy' : 'cross entropy, nats',
      series: arms.map(({ algorithm, name }) => {
        const runs = courses[algorithm] as Course[];
        return { name, x: runs[0]?.iterations ?? [], y: meanCurve(runs.map((course) => course[what])) };
      }),
    })),
    notes: [],
  };
}

/** Does the experiment where Fashion-MNIST is at hand, and says how to get it where it is not. */
export async function randomInvert(
  context: Pick<ReproductionContext, 'quick' | 'seed' | 'units' | 'dataFolder'>,
): Promise<Part> {
  const folder = context.dataFolder ?? debianFashionMnist;
  if (!hasImages(folder, fashionMnist.train) || !hasImages(folder, fashionMnist.test)) {
    return {
      title: 'Random-Invert Fashion-MNIST',
      protocol: [],
      figures: [],
      charts: [],
      notes: [],
      notRun: `Fashion-MNIST is not in ${folder}. On Debian and Ubuntu: apt-get install dataset-fashion-mnist. Elsewhere: put the four IDX files (${fashionMnist.train.images}, ${fashionMnist.train.labels}, ${fashionMnist.test.images}, ${fashionMnist.test.labels}, with or without .gz) into a folder and name it with --data.`,
    };
  }
  const train = readLabelledImages(folder, fashionMnist.train);
  const test = readLabelledImages(folder, fashionMnist.test);
  const part = await randomInvertOn({ train, test }, context.quick ? QUICK : WHOLE, context);
  return { ...part, notes: ['The files are the published ones, by their SHA-256.', ...part.notes] };
}
