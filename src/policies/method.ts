import type { z } from 'zod';
import type { TrainingData } from '../data/training-data.ts';
import type { TrainingRun } from '../training/training-run.ts';
import type { Policy } from './policy.ts';
import type { SavedPolicy } from './saved-policy.ts';

/** Settings that replace part of a configuration, nested like it. */
export type PartialConfig = { readonly [key: string]: unknown };

/** What a training gives back. */
export interface TrainingOutcome {
  readonly policy: SavedPolicy;
  /** Whether the training reached its end; false when it was aborted, with a policy that acts nevertheless. */
  readonly complete: boolean;
}

/** A way to learn a policy from demonstrations: an entry of the registry. */
export interface Method {
  /** As it is written on the command line, e.g. `imc`. */
  readonly name: string;
  /** One line for people. */
  readonly summary: string;
  /** Its options with their defaults, which stand nowhere else; an object that refuses unknown keys. */
  readonly schema: z.ZodType;
  /** Settings that suit an environment, by its id. */
  readonly presets: Readonly<Record<string, PartialConfig>>;
  /** Top-level keys of the configuration that may be replaced when a saved policy acts. */
  readonly actingKeys: readonly string[];
  /**
   * Trains on the active tensor backend.
   *
   * @param config - resolved by the schema.
   * @throws DatasetError, DivergenceError, CheckpointError.
   */
  train(data: TrainingData, config: unknown, run: TrainingRun): Promise<TrainingOutcome>;
  /** Makes a saved policy act, without tensors. @throws CheckpointError when its content is not what it wrote. */
  load(saved: SavedPolicy): Policy;
}
