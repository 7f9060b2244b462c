import { DivergenceError } from '../errors.ts';
import { type LearningRate, warmupCosine } from '../tensor/learning-rate.ts';
import type { AdamW } from '../tensor/optimizer.ts';
import { tf } from '../tensor/tf.ts';

/** Steps between two looks at the loss. */
const windowSteps = 50;

/** A stretch of training steps. */
export interface TrainingSpan {
  /** First step, and the one after the last; counted from the start of the phase. */
  readonly from: number;
  readonly to: number;
  readonly learningRate: LearningRate;
  /** What is trained, for error messages, e.g. `experts, iteration 3`. */
  readonly phase: string;
  readonly signal?: AbortSignal | undefined;
  readonly onStep?: ((step: number) => void) | undefined;
  /** Says more about a step of the last few dozen, for error messages, e.g. which samples it saw. */
  readonly describeStep?: ((step: number) => string) | undefined;
}

/** Where a stretch of training ended. */
export interface SpanEnd {
  /** The step after the last one taken: `to`, or less when the training was aborted. */
  readonly step: number;
  /** Mean loss over the steps taken; NaN when there were none. */
  readonly loss: number;
}

/** Whether there is a way to let events be handled that costs microseconds: in Node there is, in browsers not. */
const yieldsCheaply = typeof setImmediate === 'function';

/** Lets timers, signals and messages be handled. */
export function yieldToEvents(): Promise<void> {
  return new Promise((resolve) => {
    if (yieldsCheaply) setImmediate(resolve);
    else setTimeout(resolve, 0);
  });
}

/**
 * Sums losses and remembers the first one that is not finite, both on the backend, so that a GPU is never waited
 * for within a window of steps.
 */
class LossRecord {
  #sum: tf.Scalar = tf.scalar(0);
  #firstBad: tf.Scalar = tf.scalar(Number.MAX_SAFE_INTEGER);

  /** Takes the loss over and disposes of it. */
  add(loss: tf.Scalar, step: number): void {
    const [sum, firstBad] = tf.tidy(() => [
      tf.add<tf.Scalar>(this.#sum, loss),
      tf.minimum<tf.Scalar>(
        this.#firstBad,
        tf.where(tf.isFinite(loss), tf.scalar(Number.MAX_SAFE_INTEGER), tf.scalar(step)),
      ),
    ]);
    loss.dispose();
    this.dispose();
    this.#sum = sum as tf.Scalar;
    this.#firstBad = firstBad as tf.Scalar;
  }

  /** @throws DivergenceError naming the first step whose loss was not finite. */
  async read({ describeStep, phase }: TrainingSpan): Promise<number> {
    const [sum, firstBad] = [await this.#sum.data<'float32'>(), await this.#firstBad.data<'float32'>()];
    const step = firstBad[0] as number;
    if (step < Number.MAX_SAFE_INTEGER) {
      throw new DivergenceError({
        what: 'The training loss is not finite',
        where: [`${phase}, step ${step}`, ...(describeStep === undefined ? [] : [describeStep(step)])].join(
          ', ',
        ),
        remedy: 'lower the learning rate, or look for extreme values in the data',
      });
    }
    return sum[0] as number;
  }

  dispose(): void {
    this.#sum.dispose();
    this.#firstBad.dispose();
  }
}

/**
 * Takes optimizer steps, without reading anything back but once per window, until the span or the caller's
 * patience ends.
 *
 * @param loss - draws the batch of a step and builds its loss.
 * @throws DivergenceError naming the step, when a loss is not finite.
 */
export async function runSpan(
  optimizer: AdamW,
  loss: (step: number) => tf.Scalar,
  span: TrainingSpan,
): Promise<SpanEnd> {
  const record = new LossRecord();
  let step = span.from;
  let total = Number.NaN;
  try {
    while (step < span.to && span.signal?.aborted !== true) {
      record.add(
        optimizer.step(() => loss(step), span.learningRate(step)),
        step,
      );
      step++;
      span.onStep?.(step);
      if ((step - span.from) % windowSteps === 0) {
        total = await record.read(span);
        if (!yieldsCheaply) await yieldToEvents();
      }
      // a step can take as long as a frame of a viewer
      if (yieldsCheaply) await yieldToEvents();
    }
    if (step > span.from) total = await record.read(span);
  } finally {
    record.dispose();
  }
  return { step, loss: total / (step - span.from) };
}

/**
 * Gives the learning rate of some training steps: rises over a share of them, and falls to zero along a cosine by their end.
 *
 * @param plan - `warmup`: the share, in [0, 1].
 */
export function scheduleOf({
  learningRate,
  steps,
  warmup,
}: {
  readonly learningRate: number;
  readonly steps: number;
  readonly warmup: number;
}): LearningRate {
  const totalSteps = Math.max(1, steps);
  return warmupCosine({ peak: learningRate, warmupSteps: Math.round(warmup * totalSteps), totalSteps });
}

/** Training steps between two checkpoints within a phase. */
const checkpointSteps = 500;

/** A phase of training that is saved now and then. */
export interface ChunkedSpan extends TrainingSpan {
  /** Called every few hundred steps, but not at the end of the phase. */
  readonly onChunk: (step: number) => Promise<void>;
}

/**
 * Trains from `from` to the end of a phase, or until aborted, in stretches between which it can be saved. The loss is that of the
 * last stretch: a resumed training logs the same.
 */
export async function inChunks(
  improve: (span: TrainingSpan) => Promise<SpanEnd>,
  { onChunk, ...span }: ChunkedSpan,
): Promise<SpanEnd> {
  const aborted = () => span.signal?.aborted === true;
  let end: SpanEnd = { step: span.from, loss: Number.NaN };
  while (end.step < span.to && !aborted()) {
    const to = Math.min(span.to, (Math.floor(end.step / checkpointSteps) + 1) * checkpointSteps);
    end = await improve({ ...span, from: end.step, to });
    // also where it is aborted there: a resumed training begins after it
    if (end.step === to && to < span.to) await onChunk(end.step);
  }
  return end;
}

/** The loss as a column of the log; none where no step was taken, or none is measured. */
export function lossOf(end: SpanEnd): { loss?: number } {
  return Number.isNaN(end.loss) ? {} : { loss: end.loss };
}
