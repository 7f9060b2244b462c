import type { NamedArrays } from '../tensor/named-arrays.ts';

/** A trained policy as plain data: what a run folder stores and a page or worker can be sent. */
export interface SavedPolicy {
  /** Name of the method in the registry. */
  readonly method: string;
  /** Id of the environment it was trained for. */
  readonly envId: string;
  /** Do. */
  readonly observationSize: number;
  /** Da. */
  readonly actionSize: number;
  /** The resolved configuration of its training. */
  readonly config: unknown;
  /** Everything else but the weights, as JSON: normalizers, shapes, summaries. The method checks it on loading. */
  readonly model: unknown;
  readonly arrays: NamedArrays;
  /** Where its training diverged, of a policy that is what the last good checkpoint before held; absent of all others. */
  readonly diverged?: string;
}
