import type { TrainingData } from '../data/training-data.ts';
import { Rng } from '../random.ts';
import { type LearningRate, warmupCosine } from '../tensor/learning-rate.ts';
import { summarizeComponents } from './component-summary.ts';
import { Curriculum } from './curriculum.ts';
import { curriculumMetrics } from './curriculum-metrics.ts';
import { expertShape } from './experts.ts';
import { constantGate, GateTrainer, gateShape } from './gate-trainer.ts';
import {
  type ImcParts,
  type ImcPosition,
  type ImcProgress,
  makeCheckpoint,
  restoreCheckpoint,
} from './imc-checkpoint.ts';
import type { ImcConfig } from './imc-config.ts';
import { ImcProblem } from './imc-problem.ts';
import { LinearExperts } from './linear-experts.ts';
import type { MixtureModel } from './mixture-model.ts';
import { NetworkExperts } from './network-experts.ts';
import { curriculumObjective } from './objective.ts';
import type { Pacing } from './pacing.ts';
import { episodeShapes, spreadSeeds } from './spread.ts';
import type { SpanEnd, TrainingSpan } from './training-loop.ts';
import type { MetricsRow, TrainingRun } from './training-run.ts';

/** Training steps between two checkpoints within a phase. */
const checkpointSteps = 500;

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

/** The training in progress: owns the tensors of experts and gate. */
class ImcTraining {
  readonly #config: ImcConfig;
  readonly #run: TrainingRun;
  readonly #rng: Rng;
  readonly #parts: ImcParts;

  constructor(data: TrainingData, config: ImcConfig, run: TrainingRun) {
    this.#config = config;
    this.#run = run;
    this.#rng = Rng.fromSeed(run.seed).fork('imc');
    const problem = new ImcProblem(data, config);
    const shape = expertShape(config, data.observationSize, data.actionSize);
    const rng = this.#rng.fork('experts');
    const { profile } = run;
    const experts =
      config.expert.kind === 'linear'
        ? new LinearExperts(problem, { ...config.expert, shape, rng })
        : new NetworkExperts(problem, { shape, config: config.expert, rng, profile });
    const gate = new GateTrainer(problem, {
      shape: gateShape(config, data.observationSize),
      config: config.gate,
      rng: this.#rng.fork('gate'),
      dataOnDevice: profile?.dataOnDevice,
    });
    this.#parts = { problem, config, seed: run.seed, experts, gate };
  }

  /** Makes the curricula under which the experts are trained first. */
  async #start(): Promise<ImcProgress> {
    const { problem, experts } = this.#parts;
    const { components, form, initialization } = this.#config;
    const position = { phase: 'select', iteration: 0, step: 0, bound: null, settled: false } as const;
    if (initialization === 'spread') {
      const { episodeStarts } = problem.data;
      const shapes = episodeShapes(problem.observations, problem.observationSize, episodeStarts);
      const width = shapes.length / (episodeStarts.length - 1);
      const seeds = spreadSeeds(shapes, width, components, this.#rng.fork('spread'));
      const ranges = seeds.map((episode) => problem.unitsOfEpisode(episode));
      return { curriculum: Curriculum.seeded(problem.units, ranges, form), position };
    }
    const curriculum = Curriculum.uniform(problem.units, components, form);
    curriculum.update(await experts.logLikelihoods(), this.#pacing);
    return { curriculum, position };
  }

  get #pacing(): Pacing {
    const { eta, activeSamples } = this.#config;
    return activeSamples === null ? { eta } : { activeSamples };
  }

  async run(): Promise<MixtureModel> {
    const { iterations, tolerance, expert } = this.#config;
    const { experts, gate } = this.#parts;
    const { resumeFrom } = this.#run;
    const begun = resumeFrom === undefined ? await this.#start() : restoreCheckpoint(this.#parts, resumeFrom);
    const { curriculum } = begun;
    let { position } = begun;

    while (position.phase === 'select') {
      const end = await this.#trainExperts(curriculum, position, {
        steps: expert.stepsPerIteration,
        rate: this.#annealed(expert.learningRate, expert.stepsPerIteration),
      });
      position = { ...position, step: end.step };
      if (this.#aborted) return this.#interrupted(curriculum, position);
      const logLikelihoods = await experts.logLikelihoods();
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
        gate.improve(posterior, span),
      );
      position = { ...position, step: end.step };
      if (this.#aborted) return this.#interrupted(curriculum, position);
      const gateEntropy = await gate.meanEntropy();
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
    position: ImcPosition,
    plan: { readonly steps: number; readonly rate: LearningRate },
  ): Promise<SpanEnd> {
    return this.#inChunks(curriculum, position, plan.steps, plan.rate, (span) =>
      this.#parts.experts.improve(curriculum, span),
    );
  }

  /** Trains from where the position is to the end of its phase, saving a checkpoint now and then. */
  async #inChunks(
    curriculum: Curriculum,
    position: ImcPosition,
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

  #progress(position: ImcPosition, step: number): void {
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
    this.#run.onMetrics?.({ ...row, ...curriculumMetrics(curriculum) });
  }

  async #interrupted(curriculum: Curriculum, position: ImcPosition): Promise<MixtureModel> {
    await this.#save(curriculum, position);
    return this.#model(curriculum, 'interrupted');
  }

  async #model(curriculum: Curriculum, stopped: MixtureModel['stopped']): Promise<MixtureModel> {
    const { problem, experts, gate, seed } = this.#parts;
    const components = summarizeComponents(
      problem.data,
      curriculum,
      problem.unitOfStep,
      curriculum.posterior(),
    );
    const shares = Float64Array.from(components, (component) => component.share);
    const { low, high } = problem.actionRange();
    const withoutGate = { ...gate.shape, hidden: [] };
    return {
      config: this.#config,
      envId: problem.data.envId,
      observationNormalizer: problem.observationNormalizer.toJSON(),
      actionNormalizer: problem.actionNormalizer.toJSON(),
      actionLow: low,
      actionHigh: high,
      expertShape: experts.shape,
      experts: await experts.weights(),
      ...(stopped === 'interrupted'
        ? { gateShape: withoutGate, gate: constantGate(withoutGate, shares) }
        : { gateShape: gate.shape, gate: await gate.weights() }),
      components,
      stopped,
      seed,
    };
  }

  async #save(curriculum: Curriculum, position: ImcPosition): Promise<void> {
    if (this.#run.saveCheckpoint === undefined) return;
    await this.#run.saveCheckpoint(await makeCheckpoint(this.#parts, { curriculum, position }));
  }

  dispose(): void {
    this.#parts.experts.dispose();
    this.#parts.gate.dispose();
  }
}

/** The loss as a column of the log; none where no step was taken, or none is measured. */
function lossOf(end: SpanEnd): { loss?: number } {
  return Number.isNaN(end.loss) ? {} : { loss: end.loss };
}
