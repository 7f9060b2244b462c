import { deviation, mean } from '../statistics.ts';
import type { ConvolutionLayer } from '../tensor/convolution-shape.ts';
import type { Arm, ArmResult } from './attentive-images.ts';
import type { Figure } from './reproduction.ts';

/** Authors, title, where. */
export const attentivePaper =
  'Krishnamurthy, Watkins and Gaertner, Improving Expert Specialization in Mixture of Experts (arXiv 2302.14703)';

/** Where the published figures were read. */
export const resultFiles = 'the authors’ result files';

/** Convolutions, then dense layers, as experiment descriptions have them. */
export const greyLayers = (layers: readonly ConvolutionLayer[], hidden: readonly number[]) => ({
  layers,
  hidden,
});

/** The models of the paper's tables, with the weights of the two regularizers where they are on. */
export function attentiveArms(weights: {
  readonly importance: number;
  readonly similarity: number;
}): readonly Arm[] {
  const none = { importanceWeight: 0, similarityWeight: 0 };
  const importance = { importanceWeight: weights.importance, similarityWeight: 0 };
  const similarity = { importanceWeight: 0, similarityWeight: weights.similarity };
  return [
    { name: 'single expert', experts: 'one', gate: 'original', ...none },
    {
      ...{ name: 'attentive gate + L_s', experts: 'all', gate: 'attentive' },
      ...similarity,
      distilled: 'distilled from attentive + L_s',
    },
    { name: 'original gate', experts: 'all', gate: 'original', ...none },
    { name: 'attentive gate', experts: 'all', gate: 'attentive', ...none },
    { name: 'original gate + L_s', experts: 'all', gate: 'original', ...similarity },
    { name: 'original gate + L_importance', experts: 'all', gate: 'original', ...importance },
    { name: 'attentive gate + L_importance', experts: 'all', gate: 'attentive', ...importance },
  ];
}

/** What each model came to with every seed, by its name. */
export type ModelResults = ReadonlyMap<string, readonly ArmResult[]>;

/** Takes one measure of a model from all seeds. */
export function measured(results: ModelResults, model: string, key: 'testError' | 'usageEntropy'): number[] {
  return (results.get(model) ?? []).map((result) => result[key]);
}

/** A figure that is judged. */
export function judged(name: string, values: readonly number[], target: string, holds: boolean): Figure {
  return { name, mean: mean(values), spread: deviation(values), count: values.length, target, holds };
}

/** Compares a model with the single expert by its error, and with the original gate by its use of the experts. */
export function comparisons(results: ModelResults, aim: string, leastSaving: number): readonly Figure[] {
  const [error, usage] = [measured(results, aim, 'testError'), measured(results, aim, 'usageEntropy')];
  const saved = measured(results, 'single expert', 'testError').map(
    (value, i) => value - (error[i] as number),
  );
  const gained = measured(results, 'original gate', 'usageEntropy').map(
    (value, i) => (usage[i] as number) - value,
  );
  const target = leastSaving === 0 ? '> 0' : `≥ ${leastSaving}`;
  const enough = leastSaving === 0 ? mean(saved) > 0 : mean(saved) >= leastSaving;
  return [
    judged(`test error that ${aim} saves a single expert`, saved, target, enough),
    judged(`H_u that ${aim} gains over the original gate, bits`, gained, '> 0', mean(gained) > 0),
  ];
}
