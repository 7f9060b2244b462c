import type { BackendProfile } from '../tensor/backend-profile.ts';
import type { NamedArrays } from '../tensor/named-arrays.ts';

/** Plain JSON. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

/** All that a bit-equal resume of a training needs. */
export interface Checkpoint {
  readonly arrays: NamedArrays;
  readonly state: { readonly [key: string]: Json };
}

/** One row of the training log. */
export type MetricsRow = Readonly<Record<string, number | string | readonly number[]>>;

/** How far a training has come. */
export interface TrainingProgress {
  /** What is being trained, e.g. `experts`. */
  readonly phase: string;
  /** Training steps done and to do over all phases; the total can shrink when a phase ends early. */
  readonly done: number;
  readonly total: number;
}

/** What a training needs from its caller: a seed, a way to be stopped, and places to report and save to. */
export interface TrainingRun {
  readonly seed: number;
  /** How to lay out work for the active tensor backend; as for a CPU where left out. */
  readonly profile?: BackendProfile;
  /** Aborting ends the training at the next step: it is saved, and what was learned is returned as a usable result. */
  readonly signal?: AbortSignal;
  readonly onMetrics?: (row: MetricsRow) => void;
  readonly onProgress?: (progress: TrainingProgress) => void;
  /** Called at the end of every phase, now and then within, and when the training is aborted. */
  readonly saveCheckpoint?: (checkpoint: Checkpoint) => void | Promise<void>;
  /** Continues here instead of starting anew; the result is bit-equal to an uninterrupted training. */
  readonly resumeFrom?: Checkpoint;
}
