import { CheckpointError, ConfigError } from '../errors.ts';
import { Rng, type RngState } from '../random.ts';
import { warmupCosine } from '../tensor/learning-rate.ts';
import type { NamedArrays } from '../tensor/named-arrays.ts';
import { AdamW } from '../tensor/optimizer.ts';
import { tf } from '../tensor/tf.ts';
import { WeightAverage } from '../tensor/weight-average.ts';
import { requireFinite } from './finite-weights.ts';
import type { GradientConfig } from './gradient-config.ts';
import { type HeldOutSplit, holdOut } from './held-out.ts';
import type { NormalizedData } from './normalized-data.ts';
import { joinParts, takePart } from './parts.ts';
import { describeIdentity, requireIdentity } from './run-identity.ts';
import type { Trainable } from './trainable.ts';
import { joinSnapshots, type Snapshot } from './trained-weights.ts';
import { lossOf, runSpan } from './training-loop.ts';
import type { Checkpoint, WatchedRun } from './training-run.ts';

/** The average forgets the first weights: after t updates its decay is at most 1 − (1 + t)^−0.75 (diffusion_policy). */
const emaPower = 0.75;

/** When a loss is asked for. */
export interface LossMoment {
  /** False for validation: nothing that only training needs, such as noise on observations or dropout, applies. */
  readonly training: boolean;
  /** Share of the training that is done, in [0, 1]; 1 for validation, so that losses of checkpoints compare. */
  readonly progress: number;
}

/** What is minimized. */
export interface GradientObjective {
  /** Borrowed: the caller disposes of it. */
  readonly network: Trainable;
  /**
   * Builds the mean loss of a minibatch; tensors it leaves behind are freed.
   *
   * @param steps - steps of the data, shape `[n]`.
   * @param rng - all randomness of the loss comes from here, in an order that depends on nothing else.
   */
  loss(steps: Int32Array, rng: Rng, moment: LossMoment): tf.Scalar;
}

/** What {@link trainByGradient} needs beside the objective. */
export interface GradientPlan {
  readonly problem: NormalizedData;
  /** The resolved options of the training. */
  readonly config: GradientConfig;
  /** The configuration as the user knows it: a training is resumed with the same one. */
  readonly recorded: Readonly<Record<string, unknown>>;
  /** Root of the random streams; forked for minibatches, validation and the held-out split. */
  readonly rng: Rng;
  readonly run: WatchedRun<GradientResult>;
}

/** What {@link trainByGradient} gives back. */
export interface GradientResult {
  /** Weights at the end and at the lowest validation loss, as `chooseWeights` reads them. */
  readonly arrays: NamedArrays;
  /** Step and loss of the best checkpoint; undefined where no episodes are held out. */
  readonly best: { readonly step: number; readonly loss: number } | undefined;
  /** Steps taken. */
  readonly step: number;
  readonly stopped: 'steps' | 'interrupted';
}

interface Best {
  readonly step: number;
  readonly loss: number;
  readonly snapshot: Snapshot;
}

/**
 * Trains by minibatches with AdamW: warm-up and cosine schedule, clipped gradients, a moving average of the weights,
 * episodes held out to choose the best checkpoint, and checkpoints from which it continues bit by bit.
 *
 * Runs on the active tensor backend and reads back only between checkpoints and once per 50 steps, for the loss.
 * Aborting `run.signal` ends it at the next step, saved.
 *
 * @throws ConfigError when the best checkpoint is asked for and no episode is held out, before the first step.
 * @throws DivergenceError naming step and batch, when a loss or a weight is not finite; the last checkpoint stays.
 * @throws CheckpointError when `run.resumeFrom` belongs to other data, another configuration or another seed.
 */
export async function trainByGradient(
  objective: GradientObjective,
  plan: GradientPlan,
): Promise<GradientResult> {
  const training = new GradientTraining(objective, plan);
  try {
    return await training.run();
  } finally {
    training.dispose();
  }
}

/** A training in progress: owns the optimizer and the average. */
class GradientTraining {
  readonly #objective: GradientObjective;
  readonly #plan: GradientPlan;
  readonly #split: HeldOutSplit;
  readonly #optimizer: AdamW;
  readonly #average: WeightAverage | undefined;
  #batches: Rng;
  /** Minibatches since the loss was last looked at, by step. */
  readonly #recent = new Map<number, Int32Array>();
  #best: Best | undefined;

  constructor(objective: GradientObjective, plan: GradientPlan) {
    const { config, problem, rng } = plan;
    const { variables } = objective.network;
    this.#objective = objective;
    this.#plan = plan;
    this.#split = holdOut(problem.data.episodeStarts, config.validation, rng.fork('held out'));
    if (config.checkpoint === 'best' && this.#split.validation.length === 0) {
      throw new ConfigError({
        what: 'Without episodes held out no checkpoint is the best',
        where: 'checkpoint=best',
        found: `validation=${config.validation} of ${problem.data.episodeStarts.length - 1} episodes`,
        remedy: 'checkpoint=last, or a validation above 0 of at least 2 episodes',
      });
    }
    this.#optimizer = new AdamW(variables, {
      weightDecay: config.weightDecay,
      ...(config.clipNorm !== null && { clipNorm: config.clipNorm }),
    });
    this.#average =
      config.ema === null ? undefined : new WeightAverage(variables, { decay: config.ema, power: emaPower });
    this.#batches = rng.fork('batches');
  }

  async run(): Promise<GradientResult> {
    const { checkpointEvery, steps } = this.#plan.config;
    const { onInterim, onMetrics, signal } = this.#plan.run;
    const schedule = this.#schedule();
    let step = this.#restore();
    if (step > 0) this.#reportProgress(step);
    for (;;) {
      if (signal?.aborted === true || step >= steps) break;
      const to = Math.min(steps, (Math.floor(step / checkpointEvery) + 1) * checkpointEvery);
      const end = await runSpan(this.#optimizer, (at) => this.#loss(at), {
        from: step,
        to,
        learningRate: schedule,
        phase: 'train',
        signal,
        onStep: (done) => this.#afterStep(done),
        describeStep: (at) => this.#describeBatch(at),
      });
      step = end.step;
      if (step === to) {
        const validation = await this.#judge(step);
        const learningRate = schedule(step - 1);
        onMetrics?.({ phase: 'train', step, ...lossOf(end), ...validation, learningRate });
        await this.#save(step);
        if (step < steps) await onInterim?.(() => this.#result(step));
      }
    }
    if (step < steps) await this.#save(step);
    return this.#result(step);
  }

  /** Copies out what has been learned after some steps. */
  async #result(step: number): Promise<GradientResult> {
    const last = await this.#snapshot();
    const best = this.#best;
    // a training stopped before its first validation has nothing better than what it has
    const chosen = this.#split.validation.length === 0 ? undefined : (best?.snapshot ?? last);
    return {
      arrays: joinSnapshots(last, chosen),
      best: best === undefined ? undefined : { step: best.step, loss: best.loss },
      step,
      stopped: step < this.#plan.config.steps ? 'interrupted' : 'steps',
    };
  }

  #schedule() {
    const { learningRate, steps, warmup } = this.#plan.config;
    return warmupCosine({ peak: learningRate, warmupSteps: Math.round(warmup * steps), totalSteps: steps });
  }

  /** The loss of a fresh minibatch. */
  #loss(step: number): tf.Scalar {
    const { batchSize, steps } = this.#plan.config;
    const { training } = this.#split;
    const batch = Int32Array.from(
      { length: batchSize },
      () => training[this.#batches.integer(training.length)] as number,
    );
    this.#recent.set(step, batch);
    if (this.#recent.size > 64) this.#recent.delete(this.#recent.keys().next().value as number);
    return this.#objective.loss(batch, this.#batches, { training: true, progress: step / steps });
  }

  #afterStep(done: number): void {
    this.#average?.update();
    this.#reportProgress(done);
  }

  #reportProgress(done: number): void {
    this.#plan.run.onProgress?.({ phase: 'train', done, total: this.#plan.config.steps });
  }

  /** Names the samples of a minibatch, for an error. */
  #describeBatch(step: number): string {
    const { episodeStarts } = this.#plan.problem.data;
    const batch = this.#recent.get(step) ?? new Int32Array(0);
    const names = Array.from(batch.subarray(0, 8), (sample) => {
      const episode = episodeStarts.findLastIndex((start) => start <= sample);
      return `episode ${episode} step ${sample - (episodeStarts[episode] as number)}`;
    });
    const more = batch.length > names.length ? `, and ${batch.length - names.length} more` : '';
    return `batch: ${names.join(', ')}${more}`;
  }

  /** Judges the average (or the weights) on the held-out episodes, with the same noise every time. */
  async #judge(step: number): Promise<{ validationLoss?: number }> {
    const { validation } = this.#split;
    if (validation.length === 0) return {};
    this.#average?.swap();
    let loss: number;
    try {
      loss = await this.#validationLoss();
    } finally {
      this.#average?.swap();
    }
    if (!Number.isFinite(loss)) return {};
    if (this.#best === undefined || loss < this.#best.loss) {
      this.#best = { step, loss, snapshot: await this.#snapshot() };
    }
    return { validationLoss: loss };
  }

  async #validationLoss(): Promise<number> {
    const { config, rng } = this.#plan;
    const { validation } = this.#split;
    const noise = rng.fork('validation');
    let total = 0;
    for (let first = 0; first < validation.length; first += config.batchSize) {
      const steps = validation.subarray(first, first + config.batchSize);
      const loss = tf.tidy(() => this.#objective.loss(steps, noise, { training: false, progress: 1 }));
      const [value] = await loss.data<'float32'>();
      loss.dispose();
      total += (value as number) * steps.length;
    }
    return total / validation.length;
  }

  async #snapshot(): Promise<Snapshot> {
    const { network } = this.#objective;
    const raw = await network.toArrays();
    const average = this.#average;
    if (average === undefined) return { raw };
    average.swap();
    try {
      return { raw, ema: await network.toArrays() };
    } finally {
      average.swap();
    }
  }

  async #save(step: number): Promise<void> {
    const { problem, recorded, run } = this.#plan;
    const raw = await this.#objective.network.toArrays();
    requireFinite(raw, `train, step ${step}`);
    if (run.saveCheckpoint === undefined) return;
    const optimizer = await this.#optimizer.getState();
    const average = await this.#average?.getState();
    const best = this.#best;
    const bestArrays = best === undefined ? {} : joinParts({ ...best.snapshot });
    await run.saveCheckpoint({
      arrays: joinParts({
        weights: raw,
        moments: optimizer.moments,
        average: average?.averages ?? {},
        best: bestArrays,
      }),
      state: {
        ...describeIdentity({ config: recorded, seed: run.seed, problem }),
        step,
        optimizerStep: optimizer.step,
        averageUpdates: average?.updates ?? 0,
        best: best === undefined ? null : { step: best.step, loss: best.loss },
        batches: { ...this.#batches.state() },
      },
    });
  }

  /** Continues from a checkpoint, if there is one; returns the step to begin with. */
  #restore(): number {
    const { problem, recorded, run } = this.#plan;
    const { resumeFrom } = run;
    if (resumeFrom === undefined) return 0;
    requireIdentity(resumeFrom, { config: recorded, seed: run.seed, problem });
    const { arrays, state } = resumeFrom;
    const { averageUpdates, batches, best, optimizerStep, step } = state;
    const numbers = [averageUpdates, optimizerStep, step];
    if (numbers.some((value) => typeof value !== 'number') || batches === undefined) throw incomplete();
    this.#objective.network.assign(takePart(arrays, 'weights'));
    this.#optimizer.setState({ step: Number(optimizerStep), moments: takePart(arrays, 'moments') });
    this.#average?.setState({ updates: Number(averageUpdates), averages: takePart(arrays, 'average') });
    this.#batches = Rng.fromState(batches as unknown as RngState);
    this.#best = restoreBest(best, takePart(arrays, 'best'));
    return Number(step);
  }

  dispose(): void {
    this.#optimizer.dispose();
    this.#average?.dispose();
  }
}

function restoreBest(best: Checkpoint['state'][string] | undefined, arrays: NamedArrays): Best | undefined {
  if (best === null || best === undefined) return undefined;
  const { loss, step } = best as { readonly loss: number; readonly step: number };
  const ema = takePart(arrays, 'ema');
  const raw = takePart(arrays, 'raw');
  return { loss, step, snapshot: Object.keys(ema).length === 0 ? { raw } : { raw, ema } };
}

function incomplete(): CheckpointError {
  return new CheckpointError({
    what: 'The checkpoint lacks the state of its optimizer, its average or its random stream',
    remedy: 'start the training anew',
  });
}
