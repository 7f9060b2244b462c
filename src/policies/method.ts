import type { z } from 'zod';
import type { TrainingData } from '../data/training-data.ts';
import type { WatchedRun } from '../training/training-run.ts';
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

/** How a method extends what a policy has learned, and leaves what it knows as it is. */
export interface MethodExtension {
  /** Settings of the extension that follow from the policy and the data; the others are those of the policy. */
  settings(saved: SavedPolicy, episodes: ExtensionEpisodes): PartialConfig;
  /**
   * Trains on the active tensor backend.
   *
   * @param saved - the policy to extend.
   * @param data - the demonstrations it learned from, then the new ones.
   * @param plan - `config` resolved by the schema; how many of the demonstrations are old.
   * @throws ConfigError, DatasetError, DivergenceError, CheckpointError.
   */
  train(saved: SavedPolicy, data: TrainingData, plan: ExtensionPlan): Promise<TrainingOutcome>;
}

/** How many demonstrations a policy has learned from, and how many are new. */
export interface ExtensionEpisodes {
  readonly learned: number;
  readonly added: number;
}

/** What an extension is trained with. */
export interface ExtensionPlan {
  readonly config: unknown;
  readonly learned: number;
  readonly run: WatchedRun<SavedPolicy>;
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
  train(data: TrainingData, config: unknown, run: WatchedRun<SavedPolicy>): Promise<TrainingOutcome>;
  /** How policies learn from more demonstrations; a method that has none trains anew. */
  readonly extension?: MethodExtension;
  /** Makes a saved policy act, without tensors. @throws CheckpointError when its content is not what it wrote. */
  load(saved: SavedPolicy): Policy;
}
