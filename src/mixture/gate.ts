import type { MlpShape } from '../tensor/mlp-shape.ts';
import type { Snapshot } from '../training/trained-weights.ts';
import type { SpanEnd, TrainingSpan } from '../training/training-loop.ts';
import type { Checkpoint } from '../training/training-run.ts';
import type { Curriculum } from './curriculum.ts';
import type { GateFeatures } from './gate-features.ts';

/** The distribution g(z|o) over components that a mixture acts with, and a way to fit it to curricula. */
export interface Gate {
  /** The shape in which {@link Gate.snapshot} is given: one network, C logits out. */
  readonly shape: MlpShape;
  /** What the network is given of an observation. */
  readonly features: GateFeatures;
  /** Fits the gate to the curricula, over a span of training steps or, in closed form, at once. */
  improve(curriculum: Curriculum, span: TrainingSpan): Promise<SpanEnd>;
  /**
   * Computes log g(z|o) of the observations of all steps, shape `[N, C]`.
   *
   * @param observations - normalized, row-major, shape `[N, Do]`; those of the data it is fitted to where left out.
   */
  logProbabilities(observations?: Float32Array): Promise<Float64Array>;
  /** Computes the mean entropy of the gate's answers, in nats, on the data that it was fitted to. */
  meanEntropy(): Promise<number>;
  /** Copies out the weights that a policy needs, and their average where one is kept. */
  snapshot(): Promise<Snapshot>;
  /** Saves everything that a bit-equal resume needs. */
  getState(): Promise<Checkpoint>;
  /** Continues from a saved state. @throws CheckpointError when it does not fit. */
  setState(saved: Checkpoint): void;
  /** Frees the tensors. */
  dispose(): void;
}
