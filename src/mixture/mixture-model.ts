import type { NormalizerJson } from '../data/normalizer.ts';
import type { MlpShape } from '../tensor/mlp-shape.ts';
import type { NamedArrays } from '../tensor/named-arrays.ts';
import type { ImcConfig } from './imc-config.ts';

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
export interface MixtureModel {
  readonly config: ImcConfig;
  readonly envId: string;
  readonly observationNormalizer: NormalizerJson;
  readonly actionNormalizer: NormalizerJson;
  /** Least and greatest demonstrated action per dimension, raw, shape `[Da]`: actions are kept within. */
  readonly actionLow: readonly number[];
  readonly actionHigh: readonly number[];
  /** C networks. */
  readonly expertShape: MlpShape;
  readonly experts: NamedArrays;
  /** One network, Do in, C logits out. */
  readonly gateShape: MlpShape;
  readonly gate: NamedArrays;
  readonly components: readonly ComponentSummary[];
  /** Why the updates of the curricula ended, or that the training was interrupted. */
  readonly stopped: 'tolerance' | 'iterations' | 'interrupted';
  /** Seed of the training. */
  readonly seed: number;
}
