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

/** The curricula of a mixture after one update, summed up by demonstration: what a viewer draws. */
export interface CurriculaSnapshot {
  /** Updates of the curricula done; 0 for those the training starts with. */
  readonly iteration: number;
  /** C, which may differ from one snapshot to the next where the training finds it. */
  readonly components: number;
  /** E, in the order of the training data. */
  readonly episodes: number;
  /** What the components are called, in their order: a component keeps its number, a new one gets the next; shape `[C]`. */
  readonly names: readonly number[];
  /** p(e|z): what of its curriculum a component spends on a demonstration; rows sum to 1; shape `[C, E]`. */
  readonly curricula: Float32Array;
  /** p(z|e): mean responsibility over the steps of a demonstration; rows sum to 1, or to 0 where it is held out; shape `[E, C]`. */
  readonly responsibilities: Float32Array;
  /** p(z), shape `[C]`. */
  readonly prior: Float32Array;
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
  /** Called with the curricula a mixture starts with and after each of their updates; nothing is computed without it. */
  readonly onCurricula?: (snapshot: CurriculaSnapshot) => void;
  /** Called at the end of every phase, now and then within, and when the training is aborted. */
  readonly saveCheckpoint?: (checkpoint: Checkpoint) => void | Promise<void>;
  /** Continues here instead of starting anew; the result is bit-equal to an uninterrupted training. */
  readonly resumeFrom?: Checkpoint;
}

/** A training that is watched: what it has learned so far can be asked for while it goes on. */
export interface WatchedRun<Result> extends TrainingRun {
  /**
   * Called where what was learned so far could act: after each update of the curricula of a mixture, and at each
   * checkpoint of a training by gradient. The training waits for the promise.
   *
   * @param take - copies out what was learned so far; changes nothing, and is to be called before the promise resolves.
   */
  readonly onInterim?: (take: () => Promise<Result>) => Promise<void>;
}

/**
 * Hands the interim results of a training on in another form.
 *
 * @param run - of a caller who wants `Outer`.
 * @returns the same run, for a training that gives `Inner`.
 */
export function watchedAs<Inner, Outer>(
  run: WatchedRun<Outer>,
  convert: (result: Inner) => Outer | Promise<Outer>,
): WatchedRun<Inner> {
  const { onInterim, ...plain } = run;
  if (onInterim === undefined) return plain;
  return { ...plain, onInterim: (take) => onInterim(async () => convert(await take())) };
}
