import type { Rng } from '../random.ts';
import type { MlpShape } from '../tensor/mlp-shape.ts';
import type { Snapshot } from '../training/trained-weights.ts';
import type { SpanEnd, TrainingSpan } from '../training/training-loop.ts';
import type { Checkpoint } from '../training/training-run.ts';
import type { Curriculum } from './curriculum.ts';
import type { NetworkLayout } from './imc-config.ts';

/** Demonstrations as the experts see them: normalized pairs, cut into the units of the curricula. */
export interface ExpertData {
  /** Normalized, row-major, shape `[N, Do]`. */
  readonly observations: Float32Array;
  /** Normalized, row-major, shape `[N, Da]`. */
  readonly actions: Float32Array;
  readonly observationSize: number;
  readonly actionSize: number;
  /** First step of each unit, then N, shape `[U + 1]`. */
  readonly unitStarts: Int32Array;
}

/**
 * C Gaussian experts p_θz(a|o) with one fixed variance, and a way to fit them to their curricula. C changes by
 * {@link Experts.keep} and {@link Experts.adopt}.
 */
export interface Experts {
  /** The shape in which {@link Experts.snapshot} is given; its networks are the C of now. */
  readonly shape: MlpShape;
  /** How many experts, from the first on, can neither be trained nor dropped. */
  readonly fixed: number;
  /**
   * Fits each expert to its own curriculum, over a span of training steps or, in closed form, at once; the loss is the
   * mean negative log-likelihood of a step.
   */
  improve(curriculum: Curriculum, span: TrainingSpan): Promise<SpanEnd>;
  /**
   * Computes log p_θz of every unit, added over its steps, in nats, shape `[U, C]`; relative to the density's peak, as
   * in the authors' code. The constant is the same for all experts, but would favour short units over long ones.
   *
   * @param data - normalized as the data that the experts learn from; that data where left out.
   */
  logLikelihoods(data?: ExpertData): Promise<Float64Array>;
  /**
   * Keeps some of the experts, their parameters bit for bit, and drops the others.
   *
   * @param picked - indices in 0 .. C-1, ascending, the fixed ones among them.
   */
  keep(picked: readonly number[]): Promise<void>;
  /**
   * Draws more experts on trial. They are built on whatever the present ones share, and training them leaves that
   * and the present ones as they are, bit for bit.
   *
   * @param rng - of these candidates alone: the same stream gives the same candidates.
   * @returns the candidates; the caller disposes of them.
   */
  draft(count: number, rng: Rng): Promise<Experts>;
  /** Takes over some of the experts that {@link Experts.draft} gave, after the present ones. */
  adopt(candidates: Experts, picked: readonly number[]): Promise<void>;
  /** Copies out the weights that a policy needs, and their average where one is kept. */
  snapshot(): Promise<Snapshot>;
  /** Saves everything that a bit-equal resume needs. */
  getState(): Promise<Checkpoint>;
  /** Continues from a saved state, with as many experts as it has. @throws CheckpointError when it does not fit. */
  setState(saved: Checkpoint): void;
  /** Frees the tensors. */
  dispose(): void;
}

/** Lays out the networks of the experts. */
export function expertShape(
  config: { readonly components: number; readonly expert: NetworkLayout },
  { observationSize, actionSize }: Pick<ExpertData, 'observationSize' | 'actionSize'>,
): MlpShape {
  const { kind, hidden, activation, residual } = config.expert;
  const layers = kind === 'linear' ? [] : hidden;
  return {
    networks: config.components,
    inputSize: observationSize,
    hidden: layers,
    outputSize: actionSize,
    activation,
    residual: residual && layers.length > 0,
    sharedWeights: kind === 'shared-weights' || kind === 'shared-trunk' ? layers.length : 0,
    sharedBiases: kind === 'shared-trunk' ? layers.length : 0,
  };
}
