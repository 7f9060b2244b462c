import { CheckpointError } from '../errors.ts';
import { Rng, type RngState } from '../random.ts';
import { AdamW } from '../tensor/optimizer.ts';
import type { tf } from '../tensor/tf.ts';
import { WeightAverage } from '../tensor/weight-average.ts';
import type { LoopConfig } from './gradient-config.ts';
import { joinParts, takePart } from './parts.ts';
import type { Trainable } from './trainable.ts';
import type { Snapshot } from './trained-weights.ts';
import { runSpan, type SpanEnd, type TrainingSpan } from './training-loop.ts';
import type { Checkpoint } from './training-run.ts';

/** The average forgets the first weights: after t updates its decay is at most 1 − (1 + t)^−0.75 (diffusion_policy). */
const emaPower = 0.75;

/** How the steps of an {@link OptimizedNetwork} are taken. */
export type StepSettings = Pick<LoopConfig, 'clipNorm' | 'ema'> & { readonly weightDecay: number };

/**
 * A network with what changes while it is trained by minibatches: the moments of AdamW, the moving average of the
 * weights, and the stream that batches are drawn from. They are saved and resumed together.
 */
export class OptimizedNetwork {
  readonly #network: Trainable;
  readonly #optimizer: AdamW;
  readonly #average: WeightAverage | undefined;
  #batches: Rng;

  /**
   * @param network - borrowed: the caller disposes of it.
   * @param batches - the stream that minibatches and their noise are drawn from.
   * @param variables - those that are trained; all of the network where left out.
   * @throws ConfigError when a setting is out of its range.
   */
  constructor(
    network: Trainable,
    { clipNorm, ema, weightDecay }: StepSettings,
    batches: Rng,
    variables: readonly tf.Variable[] = network.variables,
  ) {
    this.#network = network;
    this.#optimizer = new AdamW(variables, { weightDecay, ...(clipNorm !== null && { clipNorm }) });
    this.#average = ema === null ? undefined : new WeightAverage(variables, { decay: ema, power: emaPower });
    this.#batches = batches;
  }

  /** The stream from which minibatches and their noise are drawn. */
  get batches(): Rng {
    return this.#batches;
  }

  /**
   * Takes optimizer steps, and the weights after each of them into the average.
   *
   * @throws DivergenceError as {@link runSpan}.
   */
  train(loss: (step: number) => tf.Scalar, span: TrainingSpan): Promise<SpanEnd> {
    return runSpan(this.#optimizer, loss, {
      ...span,
      onStep: (step) => {
        this.#average?.update();
        span.onStep?.(step);
      },
    });
  }

  /** Does something with the weights that are judged and act: their average, where one is kept. */
  async withAverage<Result>(work: () => Promise<Result>): Promise<Result> {
    this.#average?.swap();
    try {
      return await work();
    } finally {
      this.#average?.swap();
    }
  }

  /** Copies the weights and their average out of the backend. */
  async snapshot(): Promise<Snapshot> {
    const raw = await this.#network.toArrays();
    if (this.#average === undefined) return { raw };
    return { raw, ema: await this.withAverage(() => this.#network.toArrays()) };
  }

  /** Saves everything that a bit-equal resume needs. */
  async getState(): Promise<Checkpoint> {
    const weights = await this.#network.toArrays();
    const { moments, step } = await this.#optimizer.getState();
    const average = await this.#average?.getState();
    return {
      arrays: joinParts({ weights, moments, average: average?.averages ?? {} }),
      state: {
        optimizerStep: step,
        averageUpdates: average?.updates ?? 0,
        batches: { ...this.#batches.state() },
      },
    };
  }

  /** Continues from a saved state. @throws CheckpointError when it is incomplete or does not fit. */
  setState({ arrays, state }: Checkpoint): void {
    const { averageUpdates, batches, optimizerStep } = state;
    if (
      typeof optimizerStep !== 'number' ||
      typeof averageUpdates !== 'number' ||
      typeof batches !== 'object' ||
      batches === null
    ) {
      throw new CheckpointError({
        what: 'The checkpoint lacks the state of its optimizer, its average or its random stream',
        remedy: 'start the training anew',
      });
    }
    this.#network.assign(takePart(arrays, 'weights'));
    this.#optimizer.setState({ step: optimizerStep, moments: takePart(arrays, 'moments') });
    this.#average?.setState({ updates: averageUpdates, averages: takePart(arrays, 'average') });
    this.#batches = Rng.fromState(batches as unknown as RngState);
  }

  /** Frees the tensors of optimizer and average; the network stays. */
  dispose(): void {
    this.#optimizer.dispose();
    this.#average?.dispose();
  }
}
