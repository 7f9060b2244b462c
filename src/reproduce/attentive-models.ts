import type { ConvolutionLayer } from '../tensor/convolution-shape.ts';
import type { Arm } from './attentive-images.ts';

/** Authors, title, where. */
export const attentivePaper =
  'Krishnamurthy, Watkins and Gaertner, Improving Expert Specialization in Mixture of Experts (arXiv 2302.14703)';

/** Where the published figures were read. */
export const resultFiles =
  'the authors’ result files (yamsgithub/modular_deep_learning): the run of least training error';

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
