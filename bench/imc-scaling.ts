/**
 * What the M-step of Information Maximizing Curriculum costs when every expert pays only for its own data, against the dense
 * form (every expert on every sample, weighted by its curriculum, minibatches of 1024 as in the authors' published code).
 *
 * For C = 8, 16, 32, 64, and 50: both start from the same weights and curricula and train until they reach the same bound;
 * `ratio` is the sparse time over the dense one at C = 50, N = 7296: lower is better, 0.1 is the aim. A dense run
 * that has not arrived after 15 times the sparse time is stopped, and its ratio is an upper limit (`reached: false`).
 * `growth` is the time of a whole training (experts and gate) at C = 64 over that at C = 8: lower is better, 1.3 is the aim.
 * There every training step draws as many rows in all whatever C, since an expert with more data learns from more of it.
 */
import { Normalizer } from '../src/data/normalizer.ts';
import { Curriculum } from '../src/mixture/curriculum.ts';
import { type ExpertData, expertShape } from '../src/mixture/experts.ts';
import { trainImc } from '../src/mixture/imc.ts';
import { type ImcConfig, imcConfigSchema } from '../src/mixture/imc-config.ts';
import { NetworkExperts } from '../src/mixture/network-experts.ts';
import { episodeShapes, spreadSeeds } from '../src/mixture/spread.ts';
import { cutIntoUnits, unitOfStep } from '../src/mixture/units.ts';
import { Rng } from '../src/random.ts';
import { selectBackend } from '../src/tensor/backend.ts';
import { BatchedMlp } from '../src/tensor/batched-mlp.ts';
import { constantRate } from '../src/tensor/learning-rate.ts';
import { gaussianLogLikelihood } from '../src/tensor/ops/gaussian-log-likelihood.ts';
import { AdamW } from '../src/tensor/optimizer.ts';
import { tf } from '../src/tensor/tf.ts';
import { averagedWeights } from '../src/training/trained-weights.ts';
import { type Benchmark, round3 } from './support/benchmark.ts';
import { branchingData } from './support/branching-data.ts';

const seed = 0;
const perWay = 4;
const sparseSteps = 200;
const denseBatch = 1024;
/** Training steps between two looks at the bound, which are not timed. */
const stride = 25;
/** Rows of a training step over all experts, in the whole trainings: the default batch times the default C. */
const rowsPerStep = 2048;
/** How much longer than the sparse form the dense one may take before it is stopped. */
const patience = 15;

const data = branchingData(perWay, Rng.fromSeed(seed).fork('data'));

/** Settings without an annealed one among them. */
type FixedConfig = ImcConfig & {
  readonly components: number;
  readonly eta: number;
  readonly expert: { readonly standardDeviation: number };
};

function configFor(components: number): FixedConfig {
  const config = imcConfigSchema.parse({ expert: { kind: 'independent', observationNoise: 0 } });
  return { ...config, components, eta: 1, expert: { ...config.expert, standardDeviation: 1 } };
}

/** One way of training the experts: takes some steps, and says what the experts now think of the data. */
interface Contender {
  train(steps: number): Promise<void>;
  logLikelihoods(): Promise<Float64Array>;
}

/** The data, the experts' curricula after a first training on one demonstration each, and that training's weights. */
async function prepare(config: FixedConfig) {
  const { observationSize, actionSize, episodeStarts } = data;
  const expertData: ExpertData = {
    observations: Normalizer.fit(data.observations, observationSize).normalize(data.observations),
    actions: Normalizer.fit(data.actions, actionSize).normalize(data.actions),
    observationSize,
    actionSize,
    unitStarts: cutIntoUnits('episode', episodeStarts, config.segmentLength),
  };
  const shape = expertShape(config, expertData);
  const { standardDeviation } = config.expert;
  const options = {
    shape,
    config: config.expert,
    standardDeviation,
    rng: Rng.fromSeed(seed).fork('experts'),
  };
  const shapes = episodeShapes(expertData.observations, observationSize, episodeStarts);
  const seeds = spreadSeeds(
    shapes,
    shapes.length / data.modes.length,
    config.components,
    Rng.fromSeed(seed).fork('spread'),
  );
  const curriculum = Curriculum.seeded(
    data.modes.length,
    seeds.map((episode) => [episode, episode + 1]),
    config.form,
  );
  const experts = new NetworkExperts(expertData, options);
  await experts.improve(curriculum, {
    from: 0,
    to: 100,
    learningRate: constantRate(2e-3),
    phase: 'preparation',
  });
  curriculum.update(await experts.logLikelihoods(), { eta: config.eta });
  const weights = averagedWeights(await experts.snapshot());
  return { expertData, shape, curriculum, experts, weights };
}

type Prepared = Awaited<ReturnType<typeof prepare>>;

function sparse(prepared: Prepared, config: FixedConfig): Contender {
  const { experts, curriculum } = prepared;
  return {
    async train(steps) {
      const learningRate = constantRate(config.expert.learningRate);
      await experts.improve(curriculum, { from: 0, to: steps, learningRate, phase: 'sparse' });
    },
    logLikelihoods: () => experts.logLikelihoods(),
  };
}

/** Every expert on every sample of a minibatch, each weighted by p(n|z) over the batch's share of the data. */
function dense(prepared: Prepared, config: FixedConfig): Contender & { dispose(): void } {
  const { expertData, shape, curriculum, weights } = prepared;
  const { observations, actions, observationSize, actionSize, unitStarts } = expertData;
  const mlp = new BatchedMlp(shape, weights);
  const optimizer = new AdamW(mlp.variables);
  const logVariance = tf.scalar(2 * Math.log(config.expert.standardDeviation));
  const units = unitOfStep(unitStarts);
  const selections = Array.from({ length: config.components }, (_, z) => curriculum.selection(z));
  const rng = Rng.fromSeed(seed).fork('dense');
  const order = Array.from(units.keys());
  let at = order.length;
  return {
    async train(steps) {
      for (let step = 0; step < steps; step++) {
        if (at + denseBatch > order.length) {
          rng.shuffle(order);
          at = 0;
        }
        const rows = order.slice(at, at + denseBatch);
        at += denseBatch;
        const x = new Float32Array(denseBatch * observationSize);
        const y = new Float32Array(denseBatch * actionSize);
        const w = new Float32Array(config.components * denseBatch);
        for (const [i, row] of rows.entries()) {
          for (let d = 0; d < observationSize; d++)
            x[i * observationSize + d] = observations[row * observationSize + d]!;
          for (let d = 0; d < actionSize; d++) y[i * actionSize + d] = actions[row * actionSize + d]!;
          for (let z = 0; z < config.components; z++) w[z * denseBatch + i] = selections[z]![units[row]!]!;
        }
        const loss = optimizer.step(() => {
          const mean = mlp.forward(tf.tensor2d(x, [denseBatch, observationSize]));
          const logLikelihood = gaussianLogLikelihood(
            mean,
            tf.tensor2d(y, [denseBatch, actionSize]),
            logVariance,
          );
          return tf.neg(tf.sum(tf.mul(logLikelihood, tf.tensor2d(w, [config.components, denseBatch]))));
        }, config.expert.learningRate);
        loss.dispose();
      }
      // nothing is read back while training: wait until the last step is done
      await mlp.variables[0]!.data();
    },
    async logLikelihoods() {
      const { components } = config;
      const totals = new Float64Array((unitStarts.length - 1) * components);
      const peak = -0.5 * actionSize * Math.log(2 * Math.PI * config.expert.standardDeviation ** 2);
      for (let first = 0; first < units.length; first += denseBatch) {
        const size = Math.min(denseBatch, units.length - first);
        const result = tf.tidy(() => {
          const part = (array: Float32Array, width: number): tf.Tensor2D =>
            tf.tensor2d(array.slice(first * width, (first + size) * width), [size, width]);
          const mean = mlp.forward(part(observations, observationSize));
          return gaussianLogLikelihood(mean, part(actions, actionSize), logVariance);
        });
        const values = await result.data<'float32'>();
        result.dispose();
        for (let i = 0; i < values.length; i++) {
          const to = units[first + (i % size)]! * components + Math.floor(i / size);
          totals[to] = totals[to]! + values[i]! - peak;
        }
      }
      return totals;
    },
    dispose() {
      mlp.dispose();
      optimizer.dispose();
      logVariance.dispose();
    },
  };
}

/** Trains until the bound is reached or the time is up; only training is timed. */
async function timeToBound(
  contender: Contender,
  curriculum: Curriculum,
  config: FixedConfig,
  goal: { readonly bound: number; readonly steps: number; readonly milliseconds: number },
) {
  let milliseconds = 0;
  let steps = 0;
  let bound = Number.NEGATIVE_INFINITY;
  while (bound < goal.bound && steps < goal.steps && milliseconds < goal.milliseconds) {
    const start = performance.now();
    await contender.train(stride);
    milliseconds += performance.now() - start;
    steps += stride;
    const copy = Curriculum.fromState(config.components, config.form, curriculum.state());
    bound = copy.update(await contender.logLikelihoods(), { eta: config.eta }).bound;
  }
  return { milliseconds, steps, bound, reached: bound >= goal.bound };
}

/** Both forms of the M-step from the same start to the same bound. */
async function compare(components: number, say: (line: string) => void) {
  const config = configFor(components);
  // what the sparse form reaches in its steps is the goal; then it starts again, and is timed to that goal
  const rehearsal = await prepare(config);
  const unbounded = {
    bound: Number.POSITIVE_INFINITY,
    steps: sparseSteps,
    milliseconds: Number.POSITIVE_INFINITY,
  };
  const { bound } = await timeToBound(sparse(rehearsal, config), rehearsal.curriculum, config, unbounded);
  rehearsal.experts.dispose();
  const prepared = await prepare(config);
  const goal = { bound, steps: Number.POSITIVE_INFINITY, milliseconds: Number.POSITIVE_INFINITY };
  const ours = await timeToBound(sparse(prepared, config), prepared.curriculum, config, goal);
  const contender = dense(prepared, config);
  const limited = { ...goal, milliseconds: patience * ours.milliseconds };
  const theirs = await timeToBound(contender, prepared.curriculum, config, limited);
  contender.dispose();
  prepared.experts.dispose();
  say(
    `C = ${components}: sparse ${ours.steps} steps in ${ours.milliseconds.toFixed(0)} ms, ` +
      `dense ${theirs.steps} in ${theirs.milliseconds.toFixed(0)} ms (bound ${theirs.bound.toFixed(1)} of ${bound.toFixed(1)})`,
  );
  return {
    components,
    ratio: round3(ours.milliseconds / theirs.milliseconds),
    reached: theirs.reached,
    bound: round3(bound),
    sparse: { milliseconds: round3(ours.milliseconds), steps: ours.steps },
    dense: { milliseconds: round3(theirs.milliseconds), steps: theirs.steps, bound: round3(theirs.bound) },
  };
}

/** The time of a whole training with a quarter of the default steps, in the default proportions. */
async function wholeTraining(components: number, say: (line: string) => void): Promise<number> {
  const defaults = imcConfigSchema.parse({});
  const config = imcConfigSchema.parse({
    components,
    tolerance: 0,
    iterations: Math.round(defaults.iterations / 2),
    expert: {
      batchSize: rowsPerStep / components,
      stepsPerIteration: Math.round(defaults.expert.stepsPerIteration / 2),
      refineSteps: Math.round(defaults.expert.refineSteps / 4),
    },
    gate: { steps: Math.round(defaults.gate.steps / 4) },
  });
  const start = performance.now();
  await trainImc(data, config, { seed });
  const seconds = (performance.now() - start) / 1000;
  say(`C = ${components}: whole training ${seconds.toFixed(1)} s`);
  return seconds;
}

export const benchmark: Benchmark = {
  description: 'time to equal bound for C = 8 .. 64: minibatches per expert against the dense M-step',

  async run(say) {
    const backend = await selectBackend('auto');
    say(`backend ${backend.name}, N = ${data.observations.length / data.observationSize}`);
    const mSteps = [];
    for (const components of [8, 16, 32, 50, 64]) mSteps.push(await compare(components, say));
    const training = [];
    for (const components of [8, 16, 32, 64]) {
      training.push({ components, seconds: round3(await wholeTraining(components, say)) });
    }
    const at50 = mSteps.find(({ components }) => components === 50)!;
    const growth = round3(training.at(-1)!.seconds / training[0]!.seconds);
    const rows = mSteps.map(
      ({ components, sparse: ours, dense: theirs, ratio, reached }) =>
        `  C = ${String(components).padStart(2)}: ${ours.milliseconds} ms sparse, ${theirs.milliseconds} ms dense` +
        `${reached ? '' : ' and not there yet'}: ratio ${ratio}`,
    );
    return {
      json: {
        backend: backend.name,
        against: `dense M-step, minibatches of ${denseBatch}`,
        ratio: at50.ratio,
        reached: at50.reached,
        growth,
        mSteps,
        training,
      },
      text: [
        `M-step to equal bound on ${backend.name}, ${data.modes.length} demonstrations:`,
        ...rows,
        `whole training: ${training.map(({ components, seconds }) => `C = ${components} ${seconds} s`).join(', ')}; ` +
          `C = 64 over C = 8: ${growth}`,
      ].join('\n'),
    };
  },
};
