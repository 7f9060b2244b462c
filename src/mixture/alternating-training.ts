import { requireFinite } from '../training/finite-weights.ts';
import { takePart } from '../training/parts.ts';
import {
  inChunks,
  lossOf,
  type SpanEnd,
  scheduleOf,
  type TrainingSpan,
  yieldToEvents,
} from '../training/training-loop.ts';
import type { WatchedRun } from '../training/training-run.ts';
import {
  type AlternatingParts,
  type AlternatingPosition,
  type AlternatingProgress,
  makeCheckpoint,
  restoreCheckpoint,
} from './alternating-checkpoint.ts';
import type { AlternatingPlan, TrainingBudget } from './alternating-plan.ts';
import { progressAt } from './alternating-progress.ts';
import { assembleMixture } from './assembled-mixture.ts';
import { reviseComponents } from './component-search.ts';
import { CurriculaReporter } from './curricula-reporter.ts';
import { Curriculum } from './curriculum.ts';
import type { Experts } from './experts.ts';
import { firstCurriculum } from './first-curriculum.ts';
import type { Gate } from './gate.ts';
import { HeldOutJudge } from './held-out-judge.ts';
import { atDeviation, deviationNow, referenceDeviation } from './likelihood-width.ts';
import type { MixtureModel } from './mixture-model.ts';

/**
 * Trains a mixture by turns: the experts on their curricula, then the curricula by what the experts explain, and where
 * it is searched for, the number of components; at the end the experts once more, and the gate. Owns the tensors of
 * experts and gate.
 *
 * Aborting `run.signal` ends it at the next step: the checkpoint is saved, and the result acts with what the
 * experts have learned, drawn with their shares of the data until a gate is trained.
 */
export class AlternatingTraining {
  readonly #plan: AlternatingPlan;
  readonly #run: WatchedRun<MixtureModel>;
  readonly #judge: HeldOutJudge | undefined;
  readonly #reporter: CurriculaReporter;
  #gate: Gate;

  constructor(plan: AlternatingPlan, run: WatchedRun<MixtureModel>) {
    this.#plan = plan;
    this.#run = run;
    const { gateContexts, heldOut, width } = plan;
    this.#judge = heldOut && new HeldOutJudge(heldOut.problem, width, heldOut.problem.contexts(gateContexts));
    this.#reporter = new CurriculaReporter(plan, run);
    this.#gate = plan.makeGate(plan.experts.shape.networks);
  }

  /** Makes the curricula under which the experts are trained first. */
  async #start(): Promise<AlternatingProgress> {
    const { experts, form, initialization, problem, rule, width } = this.#plan;
    const position: AlternatingPosition = {
      ...{ phase: 'select', iteration: 0, step: 0, bound: null, settled: false, eta: null },
      standardDeviation: referenceDeviation(width),
    };
    if (initialization !== 'random') {
      return { curriculum: firstCurriculum(this.#plan, initialization), position };
    }
    const curriculum = Curriculum.uniform(problem.units, experts.shape.networks, form);
    await rule.update(curriculum, await experts.logLikelihoods(), { gate: this.#gate, progress: 0 });
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
    const { experts, gateBudget, iterations, refine, rule, select, tolerance, width } = this.#plan;
    let { curriculum, position } = await this.#begin();
    const improveExperts = (span: TrainingSpan) => experts.improve(curriculum, span);
    const improveGate = (span: TrainingSpan) => this.#gate.improve(curriculum, span);

    while (position.phase === 'select' || position.phase === 'select-gate' || position.phase === 'revise') {
      if (position.phase === 'revise') {
        const revised = await this.#revise(curriculum, position);
        if (revised === undefined) return this.#interrupted(curriculum, position);
        ({ curriculum, position } = revised);
        await this.#save(curriculum, position);
        continue;
      }
      let loss = {};
      let gate = {};
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
        gate = { gateEntropy: await this.#gate.meanEntropy() };
      }
      const { bound, eta = null, row, standardDeviation } = await this.#update(curriculum, position);
      const iteration = position.iteration + 1;
      // with many units each of these takes a while
      await yieldToEvents();
      const validation = await this.#validate(curriculum, { ...position, standardDeviation });
      this.#reporter.log({ phase: 'select', iteration, ...loss, ...gate, ...row, ...validation }, curriculum);
      await yieldToEvents();
      this.#reporter.show(curriculum, iteration);
      await yieldToEvents();
      const settled =
        position.bound !== null &&
        Math.abs(bound - position.bound) < tolerance * Math.max(1, Math.abs(position.bound));
      const revises = this.#plan.search !== undefined && iteration <= this.#plan.search.revisions;
      const phase = revises ? 'revise' : settled || iteration >= iterations ? 'refine' : 'select';
      position = { phase, iteration, step: 0, bound, settled, eta, standardDeviation };
      await this.#save(curriculum, position);
      await this.#offer(curriculum, position);
    }

    if (position.phase === 'refine') {
      const end = await this.#train(curriculum, position, refine, improveExperts);
      position = { ...position, step: end.step };
      if (this.#aborted) return this.#interrupted(curriculum, position);
      const validation = await this.#validate(curriculum, position);
      this.#reporter.log(
        { phase: 'refine', iteration: position.iteration, ...lossOf(end), ...validation },
        curriculum,
      );
      position = { ...position, phase: 'gate', step: 0 };
      if (width === 'learned') position = { ...position, ...(await this.#score(curriculum, 1)).deviation };
      await this.#save(curriculum, position);
      await this.#offer(curriculum, position);
    }

    if (position.phase === 'gate') {
      const end = await this.#train(curriculum, position, gateBudget, improveGate);
      position = { ...position, step: end.step };
      if (this.#aborted) return this.#interrupted(curriculum, position);
      const gateEntropy = await this.#gate.meanEntropy();
      const validation = await this.#validate(curriculum, position);
      const { iteration } = position;
      this.#run.onMetrics?.({ phase: 'gate', iteration, ...lossOf(end), ...validation, gateEntropy });
      position = { ...position, phase: 'done', step: 0 };
      await this.#save(curriculum, position);
    }
    return this.#model(curriculum, position, position.settled ? 'tolerance' : 'iterations');
  }

  /** Starts, or goes on from a checkpoint. */
  async #begin(): Promise<AlternatingProgress> {
    const { resumeFrom } = this.#run;
    if (resumeFrom === undefined) {
      const started = await this.#start();
      this.#reporter.rename(started.curriculum.components);
      this.#reporter.show(started.curriculum, 0);
      return started;
    }
    const { gate, ...progress } = restoreCheckpoint(this.#parts, resumeFrom, (components) => {
      this.#gate.dispose();
      return this.#plan.makeGate(components);
    });
    this.#gate = gate;
    this.#reporter.rename(progress.curriculum.components);
    this.#reporter.show(progress.curriculum, progress.position.iteration);
    this.#run.onProgress?.(progressAt(this.#plan, progress.position));
    return progress;
  }

  /** Computes the experts' log-likelihoods, shape `[U, C]`, at the standard deviation of now. */
  async #score(curriculum: Curriculum, progress: number) {
    const { experts, problem, width } = this.#plan;
    const logLikelihoods = await experts.logLikelihoods();
    const { actionSize, unitOfStep } = problem;
    const residuals = { curriculum, logLikelihoods, steps: unitOfStep.length, actionSize };
    const standardDeviation = deviationNow(width, progress, residuals);
    return {
      logLikelihoods: atDeviation(logLikelihoods, width, standardDeviation),
      deviation: { standardDeviation },
    };
  }

  /** Replaces the curricula by what the experts explain. */
  async #update(curriculum: Curriculum, { iteration }: AlternatingPosition) {
    const { iterations, rule, width } = this.#plan;
    const progress = iterations > 1 ? Math.min(1, iteration / (iterations - 1)) : 1;
    const { logLikelihoods, deviation } = await this.#score(curriculum, progress);
    const row = await rule.update(curriculum, logLikelihoods, { gate: this.#gate, progress });
    return {
      bound: row.bound,
      eta: row.eta,
      row: { ...row, ...(typeof width !== 'number' && deviation) },
      ...deviation,
    };
  }

  /** Adds and deletes components; undefined when aborted, with nothing changed. */
  async #revise(before: Curriculum, position: AlternatingPosition): Promise<AlternatingProgress | undefined> {
    const { experts, iterations, loop, problem, rng, search, select, width } = this.#plan;
    const { iteration, standardDeviation } = position;
    const config = search as NonNullable<typeof search>;
    const score = async (of: Experts) => atDeviation(await of.logLikelihoods(), width, standardDeviation);
    const revision = await reviseComponents({
      ...{ config, problem, experts, score },
      curriculum: before,
      eta: position.eta ?? 1,
      bound: position.bound as number,
      learningRate: scheduleOf({ ...loop, learningRate: select.learningRate, steps: config.trialSteps }),
      rng: rng.fork('candidates').fork(iteration),
      run: this.#run,
    });
    if (revision === undefined) return undefined;
    const { added, bound, curriculum, deleted, explained, rejected } = revision;
    const { components } = curriculum;
    this.#reporter.log(
      { phase: 'revise', iteration, components, added, deleted: deleted.length, rejected, bound, explained },
      curriculum,
    );
    if (added === 0 && deleted.length === 0) {
      const phase = position.settled || iteration >= iterations ? 'refine' : 'select';
      return { curriculum, position: { ...position, phase } };
    }
    this.#gate.dispose();
    this.#gate = this.#plan.makeGate(components);
    this.#reporter.rename(added, deleted);
    this.#reporter.show(curriculum, iteration);
    return { curriculum, position: { ...position, phase: 'select', bound, settled: false } };
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
    budget: TrainingBudget,
    improve: (span: TrainingSpan) => Promise<SpanEnd>,
  ): Promise<SpanEnd> {
    const named = {
      select: `experts, iteration ${position.iteration + 1}`,
      'select-gate': `gate, iteration ${position.iteration + 1}`,
      revise: 'candidates',
      refine: `experts, iteration ${position.iteration + 1}`,
      gate: 'gate',
      done: 'done',
    }[position.phase];
    return inChunks(improve, {
      from: position.step,
      to: budget.steps,
      learningRate: scheduleOf({ ...budget, warmup: this.#plan.loop.warmup }),
      phase: named,
      signal: this.#run.signal,
      onStep: (step) => this.#run.onProgress?.(progressAt(this.#plan, { ...position, step })),
      onChunk: async (step) => {
        const now = { ...position, step };
        // experts are the best of those on final curricula, and there are no such before
        if (position.phase === 'refine' || position.phase === 'gate') await this.#validate(curriculum, now);
        await this.#save(curriculum, now);
      },
    });
  }

  /** Judges what is trained by the demonstrations held out, if any are. */
  async #validate(
    curriculum: Curriculum,
    position: AlternatingPosition,
  ): Promise<{ validationLoss?: number }> {
    const { experts } = this.#plan;
    const { standardDeviation } = position;
    return (
      (await this.#judge?.judge(position, { curriculum, experts, gate: this.#gate, standardDeviation })) ?? {}
    );
  }

  /** Lets whoever watches take the mixture as it is; without a fitted gate it acts by the shares of its components. */
  async #offer(curriculum: Curriculum, position: AlternatingPosition): Promise<void> {
    const stopped = this.#plan.rule.fitsGateEachIteration ? 'iterations' : 'interrupted';
    await this.#run.onInterim?.(() => this.#model(curriculum, position, stopped));
  }

  async #interrupted(curriculum: Curriculum, position: AlternatingPosition): Promise<MixtureModel> {
    await this.#save(curriculum, position);
    return this.#model(curriculum, position, 'interrupted');
  }

  #model(
    curriculum: Curriculum,
    position: AlternatingPosition,
    stopped: MixtureModel['stopped'],
  ): Promise<MixtureModel> {
    const { iteration } = position;
    const isGateFitted =
      stopped !== 'interrupted' || (this.#plan.rule.fitsGateEachIteration && iteration > 0);
    const end = { gate: this.#gate, isGateFitted, judge: this.#judge, stopped };
    return assembleMixture(this.#plan, { curriculum, position }, end);
  }

  async #save(curriculum: Curriculum, position: AlternatingPosition): Promise<void> {
    if (this.#run.saveCheckpoint === undefined) return;
    const { iteration, phase, step } = position;
    const where = `${phase}, iteration ${iteration + 1}, step ${step}`;
    const progress = { curriculum, position };
    const checkpoint = await makeCheckpoint({ ...this.#parts, gate: this.#gate }, progress);
    requireFinite(takePart(checkpoint.arrays, 'experts'), `${where}, experts`);
    requireFinite(takePart(checkpoint.arrays, 'gate'), `${where}, gate`);
    await this.#run.saveCheckpoint(checkpoint);
  }

  get #parts(): AlternatingParts {
    return { ...this.#plan, judge: this.#judge };
  }

  /** Frees the tensors of experts and gate. */
  dispose(): void {
    this.#plan.experts.dispose();
    this.#gate.dispose();
  }
}
