import type { MlpShape } from '../tensor/mlp-shape.ts';
import type { NamedArrays } from '../tensor/named-arrays.ts';
import type { DataScaling } from '../training/normalized-data.ts';
import type { GateFeatures } from './gate-features.ts';

/** What one component came to be. */
export interface ComponentSummary {
  /** p(z), the share of the joint curriculum. */
  readonly prior: number;
  /** Mean posterior over the steps of the data. */
  readonly share: number;
  /** exp(H(p(u|z))). */
  readonly effectiveUnits: number;
  /** The mode of most of the data it is responsible for; -1 where the data names none. */
  readonly mode: number;
  /** The share of that mode in the data it is responsible for. */
  readonly purity: number;
}

/** A trained mixture of experts and its gate, as plain data: all that acting needs. */
export interface MixtureModel extends DataScaling {
  /** Resolved by the schema of the method that trained it. */
  readonly config: Readonly<Record<string, unknown>>;
  /** C networks. */
  readonly expertShape: MlpShape;
  readonly experts: NamedArrays;
  /** One network, features of the observation in, C logits out. */
  readonly gateShape: MlpShape;
  readonly gate: NamedArrays;
  /** What the gate's network is given of a normalized observation; `linear` where left out. */
  readonly gateFeatures?: GateFeatures;
  /** Of the experts' Gaussians, in standard deviations of the data's actions. */
  readonly standardDeviation: number;
  /** Of what each component is responsible for, around its expert, in standard deviations of the data's actions, `[C][Da]`. */
  readonly actionDeviations: readonly (readonly number[])[];
  readonly components: readonly ComponentSummary[];
  /** Why the training ended: its bound had settled, it was done, or it was interrupted. */
  readonly stopped: 'tolerance' | 'iterations' | 'interrupted';
  /** Seed of the training. */
  readonly seed: number;
  /** Its weights at other moments and their averages, as `chooseWeights` reads them, where there are any but those that act. */
  readonly snapshots?: NamedArrays;
}
