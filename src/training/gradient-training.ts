import { CheckpointError } from '../errors.ts';
import type { Rng } from '../random.ts';
import type { NamedArrays } from '../tensor/named-arrays.ts';
import { tf } from '../tensor/tf.ts';
import { type BestMoment, BestSnapshot } from './best-snapshot.ts';
import { requireFinite } from './finite-weights.ts';
import type { GradientConfig } from './gradient-config.ts';
import { type HeldOutSplit, holdOut, requireHeldOut } from './held-out.ts';
import type { NormalizedData } from './normalized-data.ts';
import { OptimizedNetwork } from './optimized-network.ts';
import { joinParts, takePart } from './parts.ts';
import { describeIdentity, requireIdentity } from './run-identity.ts';
import type { Trainable } from './trainable.ts';
import { joinSnapshots } from './trained-weights.ts';
import { lossOf, scheduleOf } from './training-loop.ts';
import type { WatchedRun } from './training-run.ts';

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
  readonly best: BestMoment | undefined;
  /** Steps taken. */
  readonly step: number;
  readonly stopped: 'steps' | 'interrupted';
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

/** A training in progress: owns what it is optimized with, not the network. */
class GradientTraining {
  readonly #objective: GradientObjective;
  readonly #plan: GradientPlan;
  readonly #split: HeldOutSplit;
  readonly #optimized: OptimizedNetwork;
  /** Minibatches since the loss was last looked at, by step. */
  readonly #recent = new Map<number, Int32Array>();
  readonly #best = new BestSnapshot();

  constructor(objective: GradientObjective, plan: GradientPlan) {
    const { config, problem, rng } = plan;
    const { episodeStarts } = problem.data;
    this.#objective = objective;
    this.#plan = plan;
    this.#split = holdOut(episodeStarts, config.validation, rng.fork('held out'));
    requireHeldOut(config, episodeStarts.length - 1);
    this.#optimized = new OptimizedNetwork(objective.network, config, rng.fork('batches'));
  }

  async run(): Promise<GradientResult> {
    const { checkpointEvery, steps } = this.#plan.config;
    const { onInterim, onMetrics, signal } = this.#plan.run;
    const schedule = scheduleOf(this.#plan.config);
    let step = this.#restore();
    if (step > 0) this.#reportProgress(step);
    for (;;) {
      if (signal?.aborted === true || step >= steps) break;
      const to = Math.min(steps, (Math.floor(step / checkpointEvery) + 1) * checkpointEvery);
      const end = await this.#optimized.train((at) => this.#loss(at), {
        from: step,
        to,
        learningRate: schedule,
        phase: 'train',
        signal,
        onStep: (done) => this.#reportProgress(done),
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
    const last = await this.#optimized.snapshot();
    // a training stopped before its first validation has nothing better than what it has
    const chosen = this.#split.validation.length === 0 ? undefined : (this.#best.snapshot ?? last);
    return {
      arrays: joinSnapshots(last, chosen),
      best: this.#best.moment,
      step,
      stopped: step < this.#plan.config.steps ? 'interrupted' : 'steps',
    };
  }

  /** The loss of a fresh minibatch. */
  #loss(step: number): tf.Scalar {
    const { batchSize, steps } = this.#plan.config;
    const { training } = this.#split;
    const { batches } = this.#optimized;
    const batch = Int32Array.from(
      { length: batchSize },
      () => training[batches.integer(training.length)] as number,
    );
    this.#recent.set(step, batch);
    if (this.#recent.size > 64) this.#recent.delete(this.#recent.keys().next().value as number);
    return this.#objective.loss(batch, batches, { training: true, progress: step / steps });
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
    const loss = await this.#optimized.withAverage(() => this.#validationLoss());
    await this.#best.offer({ step, loss }, () => this.#optimized.snapshot());
    return Number.isFinite(loss) ? { validationLoss: loss } : {};
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

  async #save(step: number): Promise<void> {
    const { problem, recorded, run } = this.#plan;
    const { arrays, state } = await this.#optimized.getState();
    requireFinite(takePart(arrays, 'weights'), `train, step ${step}`);
    if (run.saveCheckpoint === undefined) return;
    const best = this.#best.getState();
    await run.saveCheckpoint({
      arrays: { ...arrays, ...joinParts({ best: best.arrays }) },
      state: {
        ...describeIdentity({ config: recorded, seed: run.seed, problem }),
        ...{ ...state, step, best: best.state },
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
    if (typeof state.step !== 'number') {
      throw new CheckpointError({
        what: 'The checkpoint does not say after which step it was made',
        remedy: 'start the training anew',
      });
    }
    this.#optimized.setState(resumeFrom);
    this.#best.setState({ arrays: takePart(arrays, 'best'), state: state.best });
    return state.step;
  }

  dispose(): void {
    this.#optimized.dispose();
  }
}
