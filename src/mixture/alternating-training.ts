import type { Rng } from '../random.ts';
import { type LearningRate, warmupCosine } from '../tensor/learning-rate.ts';
import { inChunks, lossOf, type SpanEnd, type TrainingSpan } from '../training/training-loop.ts';
import type { MetricsRow, TrainingRun } from '../training/training-run.ts';
import {
  type AlternatingParts,
  type AlternatingPosition,
  type AlternatingProgress,
  makeCheckpoint,
  restoreCheckpoint,
} from './alternating-checkpoint.ts';
import { summarizeComponents } from './component-summary.ts';
import { Curriculum } from './curriculum.ts';
import { curriculaSnapshot, curriculumMetrics } from './curriculum-metrics.ts';
import type { Gate } from './gate.ts';
import { constantGate } from './gate-trainer.ts';
import type { MixtureModel } from './mixture-model.ts';
import { episodeShapes, spreadSeeds } from './spread.ts';

/** What tells methods apart that alternate between experts and the assignment of the data to them. */
export interface AssignmentRule {
  /** Whether the gate is fitted in every iteration, before the update, and not only at the end. */
  readonly fitsGateEachIteration: boolean;
  /**
   * Replaces the curricula by those that follow from the experts' log-likelihoods (shape `[U, C]`, nats).
   *
   * @returns columns of the log, among them `bound`: the value whose settling ends the updates.
   * @throws DivergenceError when a log-likelihood is not finite.
   */
  update(
    curriculum: Curriculum,
    logLikelihoods: Float64Array,
    gate: Gate,
  ): Promise<MetricsRow & { readonly bound: number }>;
}

/** How long something is trained in one phase, and the learning rate from which it falls to zero. */
export interface TrainingBudget {
  readonly steps: number;
  readonly learningRate: number;
}

/** What an {@link AlternatingTraining} is built from. */
export interface AlternatingPlan extends AlternatingParts {
  readonly rule: AssignmentRule;
  /** `spread`: one demonstration per component, far from one another; `random`: uniform curricula. */
  readonly initialization: 'spread' | 'random';
  /** Updates of the curricula at most. */
  readonly iterations: number;
  /** Stops the updates when the bound changes by less than this share of itself. */
  readonly tolerance: number;
  /** Of the experts before each update. */
  readonly select: TrainingBudget;
  /** Of the experts on the final curricula. */
  readonly refine: TrainingBudget;
  readonly gateBudget: TrainingBudget;
  /** Of the experts' Gaussians, in standard deviations of the data's actions. */
  readonly standardDeviation: number;
  readonly rng: Rng;
}

/**
 * Trains a mixture by turns: the experts on their curricula, then the curricula by what the experts explain; at the
 * end the experts once more, and the gate. Owns the tensors of experts and gate.
 *
 * Aborting `run.signal` ends it at the next step: the checkpoint is saved, and the result acts with what the
 * experts have learned, drawn with their shares of the data until a gate is trained.
 */
export class AlternatingTraining {
  readonly #plan: AlternatingPlan;
  readonly #run: TrainingRun;

  constructor(plan: AlternatingPlan, run: TrainingRun) {
    this.#plan = plan;
    this.#run = run;
  }

  /** Makes the curricula under which the experts are trained first. */
  async #start(): Promise<AlternatingProgress> {
    const { components, experts, form, gate, initialization, problem, rng, rule } = this.#plan;
    const position = { phase: 'select', iteration: 0, step: 0, bound: null, settled: false } as const;
    if (initialization === 'spread') {
      const { episodeStarts } = problem.data;
      const shapes = episodeShapes(problem.observations, problem.observationSize, episodeStarts);
      const width = shapes.length / (episodeStarts.length - 1);
      const seeds = spreadSeeds(shapes, width, components, rng.fork('spread'));
      const ranges = seeds.map((episode) => problem.unitsOfEpisode(episode));
      return { curriculum: Curriculum.seeded(problem.units, ranges, form), position };
    }
    const curriculum = Curriculum.uniform(problem.units, components, form);
    await rule.update(curriculum, await experts.logLikelihoods(), gate);
    return { curriculum, position };
  }

  /**
   * Trains to the end, or until aborted.
   *
   * @returns the mixture; `stopped` is `interrupted` when it was aborted.
   * @throws DivergenceError naming the step, when a loss or likelihood is not finite.
   * @throws CheckpointError when `run.resumeFrom` belongs to other data, another configuration or another seed.
   */
  async run(): Promise<MixtureModel> {
    const { experts, gate, gateBudget, iterations, refine, rule, select, tolerance } = this.#plan;
    const { resumeFrom } = this.#run;
    const begun = resumeFrom === undefined ? await this.#start() : restoreCheckpoint(this.#plan, resumeFrom);
    const { curriculum } = begun;
    let { position } = begun;
    if (resumeFrom === undefined) this.#show(curriculum, 0);
    const improveExperts = (span: TrainingSpan) => experts.improve(curriculum, span);
    const improveGate = (span: TrainingSpan) => gate.improve(curriculum, span);

    while (position.phase === 'select' || position.phase === 'select-gate') {
      let loss = {};
      if (position.phase === 'select') {
        const end = await this.#train(curriculum, position, select, improveExperts);
        position = { ...position, step: end.step };
        if (this.#aborted) return this.#interrupted(curriculum, position);
        loss = lossOf(end);
        if (rule.fitsGateEachIteration) {
          position = { ...position, phase: 'select-gate', step: 0 };
          await this.#save(curriculum, position);
        }
      }
      if (position.phase === 'select-gate') {
        const end = await this.#train(curriculum, position, gateBudget, improveGate);
        position = { ...position, step: end.step };
        if (this.#aborted) return this.#interrupted(curriculum, position);
      }
      const row = await rule.update(curriculum, await experts.logLikelihoods(), gate);
      const { bound } = row;
      const iteration = position.iteration + 1;
      this.#report({ phase: 'select', iteration, ...loss, ...row }, curriculum);
      this.#show(curriculum, iteration);
      const settled =
        position.bound !== null &&
        Math.abs(bound - position.bound) < tolerance * Math.max(1, Math.abs(position.bound));
      const phase = settled || iteration === iterations ? 'refine' : 'select';
      position = { phase, iteration, step: 0, bound, settled };
      await this.#save(curriculum, position);
    }

    if (position.phase === 'refine') {
      const end = await this.#train(curriculum, position, refine, improveExperts);
      position = { ...position, step: end.step };
      if (this.#aborted) return this.#interrupted(curriculum, position);
      this.#report({ phase: 'refine', iteration: position.iteration, ...lossOf(end) }, curriculum);
      position = { ...position, phase: 'gate', step: 0 };
      await this.#save(curriculum, position);
    }

    if (position.phase === 'gate') {
      const end = await this.#train(curriculum, position, gateBudget, improveGate);
      position = { ...position, step: end.step };
      if (this.#aborted) return this.#interrupted(curriculum, position);
      const gateEntropy = await gate.meanEntropy();
      this.#run.onMetrics?.({ phase: 'gate', iteration: position.iteration, ...lossOf(end), gateEntropy });
      position = { ...position, phase: 'done', step: 0 };
      await this.#save(curriculum, position);
    }
    return this.#model(curriculum, position.settled ? 'tolerance' : 'iterations');
  }

  get #aborted(): boolean {
    return this.#run.signal?.aborted === true;
  }

  /**
   * Trains from where the position is to the end of its phase, saving a checkpoint now and then. The learning rate
   * ends at zero: the curricula are to judge what experts have learned, not the noise of their last steps.
   */
  #train(
    curriculum: Curriculum,
    position: AlternatingPosition,
    { learningRate, steps }: TrainingBudget,
    improve: (span: TrainingSpan) => Promise<SpanEnd>,
  ): Promise<SpanEnd> {
    const rate: LearningRate = warmupCosine({ peak: learningRate, totalSteps: Math.max(1, steps) });
    const named = {
      select: `experts, iteration ${position.iteration + 1}`,
      'select-gate': `gate, iteration ${position.iteration + 1}`,
      refine: `experts, iteration ${position.iteration + 1}`,
      gate: 'gate',
      done: 'done',
    }[position.phase];
    return inChunks(improve, {
      from: position.step,
      to: steps,
      learningRate: rate,
      phase: named,
      signal: this.#run.signal,
      onStep: (step) => this.#progress(position, step),
      onChunk: (step) => this.#save(curriculum, { ...position, step }),
    });
  }

  #progress(position: AlternatingPosition, step: number): void {
    const { gateBudget, iterations, refine, rule, select } = this.#plan;
    const perIteration = select.steps + (rule.fitsGateEachIteration ? gateBudget.steps : 0);
    const selecting = position.phase === 'select' || position.phase === 'select-gate';
    const selected = (selecting ? iterations : position.iteration) * perIteration;
    const total = selected + refine.steps + gateBudget.steps;
    const before = {
      select: position.iteration * perIteration,
      'select-gate': position.iteration * perIteration + select.steps,
      refine: selected,
      gate: selected + refine.steps,
      done: total,
    }[position.phase];
    const phase = position.phase === 'gate' || position.phase === 'select-gate' ? 'gate' : 'experts';
    this.#run.onProgress?.({ phase, done: before + step, total });
  }

  #report(row: MetricsRow, curriculum: Curriculum): void {
    this.#run.onMetrics?.({ ...row, ...curriculumMetrics(curriculum) });
  }

  #show(curriculum: Curriculum, iteration: number): void {
    this.#run.onCurricula?.(curriculaSnapshot(curriculum, this.#plan.problem, iteration));
  }

  async #interrupted(curriculum: Curriculum, position: AlternatingPosition): Promise<MixtureModel> {
    await this.#save(curriculum, position);
    return this.#model(curriculum, 'interrupted');
  }

  async #model(curriculum: Curriculum, stopped: MixtureModel['stopped']): Promise<MixtureModel> {
    const { config, experts, gate, problem, seed, standardDeviation } = this.#plan;
    const components = summarizeComponents(
      problem.data,
      curriculum,
      problem.unitOfStep,
      curriculum.posterior(),
    );
    const shares = Float64Array.from(components, (component) => component.share);
    const withoutGate = { ...gate.shape, hidden: [] };
    return {
      config,
      ...problem.scaling(),
      expertShape: experts.shape,
      experts: await experts.weights(),
      ...(stopped === 'interrupted'
        ? { gateShape: withoutGate, gate: constantGate(withoutGate, shares) }
        : { gateShape: gate.shape, gate: await gate.weights() }),
      gateFeatures: gate.features,
      standardDeviation,
      components,
      stopped,
      seed,
    };
  }

  async #save(curriculum: Curriculum, position: AlternatingPosition): Promise<void> {
    if (this.#run.saveCheckpoint === undefined) return;
    await this.#run.saveCheckpoint(await makeCheckpoint(this.#plan, { curriculum, position }));
  }

  /** Frees the tensors of experts and gate. */
  dispose(): void {
    this.#plan.experts.dispose();
    this.#plan.gate.dispose();
  }
}
