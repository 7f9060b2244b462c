import { Normalizer } from '../data/normalizer.ts';
import type { TrainingData } from '../data/training-data.ts';
import { CheckpointError, DatasetError } from '../errors.ts';
import { Rng } from '../random.ts';
import { type LearningRate, warmupCosine } from '../tensor/learning-rate.ts';
import { summarizeComponents } from './component-summary.ts';
import { Curriculum } from './curriculum.ts';
import { type Experts, expertShape } from './experts.ts';
import { constantGate, GateTrainer, gateShape } from './gate-trainer.ts';
import type { ImcConfig } from './imc-config.ts';
import { LinearExperts } from './linear-experts.ts';
import { entropy } from './log-space.ts';
import type { MixtureModel } from './mixture-model.ts';
import { NetworkExperts } from './network-experts.ts';
import { curriculumObjective } from './objective.ts';
import type { Pacing } from './pacing.ts';
import { joinParts, takePart } from './parts.ts';
import { episodeShapes, spreadSeeds } from './spread.ts';
import type { SpanEnd, TrainingSpan } from './training-loop.ts';
import type { Checkpoint, Json, MetricsRow, TrainingRun } from './training-run.ts';
import { cutIntoUnits, unitOfStep } from './units.ts';

/** Training steps between two checkpoints within a phase. */
const checkpointSteps = 500;

/**
 * Where a training stands: `select` alternates experts and curricula, `refine` trains on with the curricula
 * fixed, `gate` fits the inference network.
 */
interface Position {
  readonly phase: 'select' | 'refine' | 'gate' | 'done';
  /** Updates of the curricula done. */
  readonly iteration: number;
  /** Training steps done in this iteration or phase. */
  readonly step: number;
  /** Bound after the last update; null before the first. */
  readonly bound: number | null;
  /** Whether the updates ended because the bound had settled. */
  readonly settled: boolean;
}

/**
 * Trains a mixture of experts with Information Maximizing Curriculum (arXiv 2303.15349; the updates are those of
 * {@link Curriculum}), then the gate that picks among them when acting.
 *
 * Runs on the active tensor backend. Aborting `run.signal` ends it at the next step: the checkpoint is saved, and
 * the result acts with what the experts have learned, drawn with their shares of the data until a gate is trained.
 *
 * @returns the mixture; `stopped` is `interrupted` when it was aborted.
 * @throws DatasetError when the data is empty or holds a value that is not finite.
 * @throws DivergenceError naming the step, when a loss or likelihood is not finite.
 * @throws CheckpointError when `run.resumeFrom` belongs to other data, another configuration or another seed.
 */
export async function trainImc(
  data: TrainingData,
  config: ImcConfig,
  run: TrainingRun,
): Promise<MixtureModel> {
  const training = new ImcTraining(data, config, run);
  try {
    return await training.run();
  } finally {
    training.dispose();
  }
}

class ImcTraining {
  readonly #data: TrainingData;
  readonly #config: ImcConfig;
  readonly #run: TrainingRun;
  readonly #observationNormalizer: Normalizer;
  readonly #actionNormalizer: Normalizer;
  readonly #stepUnits: Int32Array;
  readonly #experts: Experts;
  readonly #gate: GateTrainer;
  readonly #initialize: () => Promise<Curriculum>;

  constructor(data: TrainingData, config: ImcConfig, run: TrainingRun) {
    requireSteps(data);
    this.#data = data;
    this.#config = config;
    this.#run = run;
    this.#observationNormalizer = Normalizer.fit(data.observations, data.observationSize);
    this.#actionNormalizer = Normalizer.fit(data.actions, data.actionSize);
    const observations = this.#observationNormalizer.normalize(data.observations);
    const actions = this.#actionNormalizer.normalize(data.actions);
    const unitStarts = cutIntoUnits(config.level, data.episodeStarts, config.segmentLength);
    this.#stepUnits = unitOfStep(unitStarts);
    const rng = Rng.fromSeed(run.seed).fork('imc');
    const shape = expertShape(config, data.observationSize, data.actionSize);
    const expertData = { ...data, observations, actions, unitStarts };
    const forExperts = rng.fork('experts');
    this.#experts =
      config.expert.kind === 'linear'
        ? new LinearExperts(expertData, { ...config.expert, shape, rng: forExperts })
        : new NetworkExperts(expertData, {
            shape,
            config: config.expert,
            rng: forExperts,
            profile: run.profile,
          });
    this.#gate = new GateTrainer(
      { observations, unitOfStep: this.#stepUnits },
      {
        shape: gateShape(config, data.observationSize),
        config: config.gate,
        rng: rng.fork('gate'),
        dataOnDevice: run.profile?.dataOnDevice,
      },
    );
    this.#initialize = async () => {
      const units = unitStarts.length - 1;
      if (config.initialization === 'spread') {
        const shapes = episodeShapes(observations, data.observationSize, data.episodeStarts);
        const width = shapes.length / data.modes.length;
        const seeds = spreadSeeds(shapes, width, config.components, rng.fork('spread'));
        const ranges = seeds.map((episode) => this.#unitsOfEpisode(episode));
        return Curriculum.seeded(units, ranges, config.form);
      }
      const curriculum = Curriculum.uniform(units, config.components, config.form);
      curriculum.update(await this.#experts.logLikelihoods(), this.#pacing);
      return curriculum;
    };
  }

  get #pacing(): Pacing {
    const { eta, activeSamples } = this.#config;
    return activeSamples === null ? { eta } : { activeSamples };
  }

  #unitsOfEpisode(episode: number): readonly [number, number] {
    const { episodeStarts } = this.#data;
    const last = (episodeStarts[episode + 1] as number) - 1;
    return [
      this.#stepUnits[episodeStarts[episode] as number] as number,
      (this.#stepUnits[last] as number) + 1,
    ];
  }

  async run(): Promise<MixtureModel> {
    const { iterations, tolerance, expert } = this.#config;
    const resumed = this.#run.resumeFrom === undefined ? undefined : this.#restore(this.#run.resumeFrom);
    const curriculum = resumed?.curriculum ?? (await this.#initialize());
    let position: Position = resumed?.position ?? {
      phase: 'select',
      iteration: 0,
      step: 0,
      bound: null,
      settled: false,
    };

    while (position.phase === 'select') {
      const end = await this.#trainExperts(curriculum, position, {
        steps: expert.stepsPerIteration,
        rate: this.#annealed(expert.learningRate, expert.stepsPerIteration),
      });
      position = { ...position, step: end.step };
      if (this.#aborted) return this.#interrupted(curriculum, position);
      const logLikelihoods = await this.#experts.logLikelihoods();
      const { bound, eta } = curriculum.update(logLikelihoods, this.#pacing);
      const iteration = position.iteration + 1;
      const objective = curriculumObjective(
        curriculum.logWeights,
        logLikelihoods,
        curriculum.components,
        eta,
      );
      this.#report({ phase: 'select', iteration, ...lossOf(end), eta, bound, objective }, curriculum);
      const settled =
        position.bound !== null &&
        Math.abs(bound - position.bound) < tolerance * Math.max(1, Math.abs(position.bound));
      const phase = settled || iteration === iterations ? 'refine' : 'select';
      position = { phase, iteration, step: 0, bound, settled };
      await this.#save(curriculum, position);
    }

    if (position.phase === 'refine') {
      const end = await this.#trainExperts(curriculum, position, {
        steps: expert.refineSteps,
        rate: this.#annealed(expert.learningRate, expert.refineSteps),
      });
      position = { ...position, step: end.step };
      if (this.#aborted) return this.#interrupted(curriculum, position);
      this.#report({ phase: 'refine', iteration: position.iteration, ...lossOf(end) }, curriculum);
      position = { ...position, phase: 'gate', step: 0 };
      await this.#save(curriculum, position);
    }

    if (position.phase === 'gate') {
      const { steps, learningRate } = this.#config.gate;
      const posterior = curriculum.posterior();
      const rate = this.#annealed(learningRate, steps);
      const end = await this.#inChunks(curriculum, position, steps, rate, (span) =>
        this.#gate.improve(posterior, span),
      );
      position = { ...position, step: end.step };
      if (this.#aborted) return this.#interrupted(curriculum, position);
      const gateEntropy = await this.#gate.meanEntropy();
      this.#run.onMetrics?.({ phase: 'gate', iteration: position.iteration, ...lossOf(end), gateEntropy });
      position = { ...position, phase: 'done', step: 0 };
      await this.#save(curriculum, position);
    }
    return this.#model(curriculum, position.settled ? 'tolerance' : 'iterations');
  }

  /**
   * Every training of experts or gate ends with its learning rate at zero: the curricula are to judge what experts
   * have learned, not the noise of their last steps.
   */
  #annealed(peak: number, steps: number): LearningRate {
    return warmupCosine({ peak, totalSteps: Math.max(1, steps) });
  }

  get #aborted(): boolean {
    return this.#run.signal?.aborted === true;
  }

  #trainExperts(
    curriculum: Curriculum,
    position: Position,
    plan: { readonly steps: number; readonly rate: LearningRate },
  ): Promise<SpanEnd> {
    return this.#inChunks(curriculum, position, plan.steps, plan.rate, (span) =>
      this.#experts.improve(curriculum, span),
    );
  }

  /** Trains from where the position is to the end of its phase, saving a checkpoint now and then. */
  async #inChunks(
    curriculum: Curriculum,
    position: Position,
    steps: number,
    learningRate: LearningRate,
    improve: (span: TrainingSpan) => Promise<SpanEnd>,
  ): Promise<SpanEnd> {
    const named = position.phase === 'gate' ? 'gate' : `experts, iteration ${position.iteration + 1}`;
    let end: SpanEnd = { step: position.step, loss: Number.NaN };
    while (end.step < steps && !this.#aborted) {
      const to = Math.min(steps, (Math.floor(end.step / checkpointSteps) + 1) * checkpointSteps);
      end = await improve({
        from: end.step,
        to,
        learningRate,
        phase: named,
        signal: this.#run.signal,
        onStep: (step) => this.#progress(position, step),
      });
      if (end.step < steps && !this.#aborted) await this.#save(curriculum, { ...position, step: end.step });
    }
    return end;
  }

  #progress(position: Position, step: number): void {
    const { iterations, expert, gate } = this.#config;
    const selected =
      (position.phase === 'select' ? iterations : position.iteration) * expert.stepsPerIteration;
    const total = selected + expert.refineSteps + gate.steps;
    const before = {
      select: position.iteration * expert.stepsPerIteration,
      refine: selected,
      gate: selected + expert.refineSteps,
      done: total,
    }[position.phase];
    const phase = position.phase === 'gate' ? 'gate' : 'experts';
    this.#run.onProgress?.({ phase, done: before + step, total });
  }

  #report(row: MetricsRow, curriculum: Curriculum): void {
    if (this.#run.onMetrics === undefined) return;
    const posterior = curriculum.posterior();
    const { components, units } = curriculum;
    const holders = new Set<number>();
    let posteriorEntropy = 0;
    for (let at = 0; at < posterior.length; at += components) {
      const unit = posterior.subarray(at, at + components);
      posteriorEntropy += entropy(unit) / units;
      holders.add(unit.indexOf(Math.max(...unit)));
    }
    this.#run.onMetrics({
      ...row,
      activeComponents: holders.size,
      posteriorEntropy,
      prior: [...curriculum.prior()],
      effectiveUnits: [...curriculum.effectiveUnits()],
    });
  }

  async #interrupted(curriculum: Curriculum, position: Position): Promise<MixtureModel> {
    await this.#save(curriculum, position);
    return this.#model(curriculum, 'interrupted');
  }

  async #model(curriculum: Curriculum, stopped: MixtureModel['stopped']): Promise<MixtureModel> {
    const data = this.#data;
    const components = summarizeComponents(data, curriculum, this.#stepUnits, curriculum.posterior());
    const shape = stopped === 'interrupted' ? { ...this.#gate.shape, hidden: [] } : this.#gate.shape;
    const shares = Float64Array.from(components, (component) => component.share);
    const { low, high } = actionRange(data);
    return {
      config: this.#config,
      envId: data.envId,
      observationNormalizer: this.#observationNormalizer.toJSON(),
      actionNormalizer: this.#actionNormalizer.toJSON(),
      actionLow: low,
      actionHigh: high,
      expertShape: this.#experts.shape,
      experts: await this.#experts.weights(),
      gateShape: shape,
      gate: stopped === 'interrupted' ? constantGate(shape, shares) : await this.#gate.weights(),
      components,
      stopped,
      seed: this.#run.seed,
    };
  }

  async #save(curriculum: Curriculum, position: Position): Promise<void> {
    if (this.#run.saveCheckpoint === undefined) return;
    const [experts, gate] = [await this.#experts.getState(), await this.#gate.getState()];
    const { logWeights, posteriorIsUniform } = curriculum.state();
    const shape = [curriculum.units, curriculum.components];
    await this.#run.saveCheckpoint({
      arrays: joinParts({
        experts: experts.arrays,
        gate: gate.arrays,
        curriculum: { logWeights: { shape, data: logWeights } },
      }),
      state: {
        ...this.#identity(),
        position: { ...position },
        posteriorIsUniform,
        experts: experts.state,
        gate: gate.state,
      },
    });
  }

  /** What a checkpoint must have been made with to be continued here. */
  #identity(): { readonly [key: string]: Json } {
    const { observations, actions, episodeStarts } = this.#data;
    return {
      config: this.#config,
      seed: this.#run.seed,
      data: [observations, actions, episodeStarts].map(fingerprint),
    };
  }

  #restore(saved: Checkpoint): { curriculum: Curriculum; position: Position } {
    for (const [key, expected] of Object.entries(this.#identity())) {
      if (JSON.stringify(saved.state[key]) === JSON.stringify(expected)) continue;
      throw new CheckpointError({
        what: `The checkpoint was made with another ${key}`,
        found: JSON.stringify(saved.state[key]),
        expected: JSON.stringify(expected),
        remedy: 'resume with what the training began with, or start a new one',
      });
    }
    const { position, posteriorIsUniform, experts, gate } = saved.state;
    const logWeights = takePart(saved.arrays, 'curriculum').logWeights?.data;
    if (!(logWeights instanceof Float64Array) || position === undefined) {
      throw new CheckpointError({
        what: 'The checkpoint lacks its curricula or its position',
        remedy: 'start the training anew',
      });
    }
    this.#experts.setState({
      arrays: takePart(saved.arrays, 'experts'),
      state: experts as Checkpoint['state'],
    });
    this.#gate.setState({ arrays: takePart(saved.arrays, 'gate'), state: gate as Checkpoint['state'] });
    const { components, form } = this.#config;
    const state = { logWeights, posteriorIsUniform: posteriorIsUniform === true };
    return {
      curriculum: Curriculum.fromState(components, form, state),
      position: position as unknown as Position,
    };
  }

  dispose(): void {
    this.#experts.dispose();
    this.#gate.dispose();
  }
}

/** @throws DatasetError when an episode is empty: it would be explained perfectly by every expert. */
function requireSteps({ episodeStarts }: TrainingData): void {
  const empty = episodeStarts.findIndex((start, i) => i > 0 && start <= (episodeStarts[i - 1] as number));
  if (empty < 0) return;
  throw new DatasetError({
    what: 'An episode has no steps',
    where: `episode ${empty - 1}`,
    expected: 'at least 1',
  });
}

/** The loss as a column of the log; none where no step was taken, or none is measured. */
function lossOf(end: SpanEnd): { loss?: number } {
  return Number.isNaN(end.loss) ? {} : { loss: end.loss };
}

/** Finds the least and the greatest action of the data per dimension. */
function actionRange(data: TrainingData): { low: number[]; high: number[] } {
  const { actions, actionSize } = data;
  const low = new Array<number>(actionSize).fill(Number.POSITIVE_INFINITY);
  const high = new Array<number>(actionSize).fill(Number.NEGATIVE_INFINITY);
  for (let i = 0; i < actions.length; i++) {
    const d = i % actionSize;
    low[d] = Math.min(low[d] as number, actions[i] as number);
    high[d] = Math.max(high[d] as number, actions[i] as number);
  }
  return { low, high };
}

/** Hashes an array's bytes with FNV-1a, to tell one data set from another. */
function fingerprint(array: Float32Array | Int32Array): string {
  const bytes = new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
  let hash = 0x811c9dc5;
  for (let i = 0; i < bytes.length; i++) hash = Math.imul(hash ^ (bytes[i] as number), 0x01000193);
  return `${array.length}:${(hash >>> 0).toString(16)}`;
}
