import { debianFashionMnist, fashionMnist } from '../data/labelled-images.ts';
import { mean } from '../statistics.ts';
import type { ImageExperiment, ImageScale } from './attentive-images.ts';
import {
  attentiveArms,
  attentivePaper,
  comparisons,
  greyLayers,
  judged,
  type ModelResults,
  measured,
  resultFiles,
} from './attentive-models.ts';
import { type ImageCollection, idxCollection, onImages } from './image-reproduction.ts';
import type { Figure, Reproduction } from './reproduction.ts';

const WHOLE: ImageScale = {
  trainImages: 60_000,
  testImages: 10_000,
  epochs: 20,
  batchSize: 256,
  seeds: 3,
  otherSeeds: 1,
};
const QUICK: ImageScale = {
  trainImages: 8000,
  testImages: 2000,
  epochs: 5,
  batchSize: 128,
  seeds: 1,
  otherSeeds: 1,
  arms: ['single expert', 'original gate', 'attentive gate + L_s'],
};

const AIM = 'attentive gate + L_s';

/** What the mixtures must reach; of a fraction of the images only what does not depend on their number. */
function targets(results: ModelResults, whole: boolean): readonly Figure[] {
  const [error, usage] = [measured(results, AIM, 'testError'), measured(results, AIM, 'usageEntropy')];
  return [
    ...(whole
      ? [
          judged(`${AIM}: test error`, error, '≤ 0.100', mean(error) <= 0.1),
          judged(`${AIM}: H_u, bits (at most log2 5 = 2.322)`, usage, '≥ 2.30', mean(usage) >= 2.3),
        ]
      : []),
    ...comparisons(results, AIM, 0.02),
  ];
}

/** The experiment on Fashion-MNIST. */
export const fashionExperiment: ImageExperiment = {
  name: 'Fashion-MNIST',
  classes: 10,
  judged: ['single expert', 'original gate', AIM],
  experts: 5,
  scale: { mean: [0.2859], std: [0.353] },
  varied: false,
  expertLayers: greyLayers([{ filters: 1 }], [64, 32]),
  gateLayers: greyLayers([{ filters: 8, normalize: true }], [512, 32]),
  padded: false,
  plan: { learningRate: 2e-3, schedule: 'cosine', weightDecay: 0 },
  arms: attentiveArms({ importance: 0.2, similarity: 15 }),
  published: {
    'single expert': { error: '.132' },
    'original gate': {
      error: '.104',
      mutualInformation: '2.034',
      sampleEntropy: '.081',
      usageEntropy: '2.048',
    },
    'original gate + L_importance': {
      ...{ error: '.103', mutualInformation: '2.301', sampleEntropy: '.172', usageEntropy: '2.321' },
    },
    'original gate + L_s': {
      error: '.095',
      mutualInformation: '2.198',
      sampleEntropy: '.110',
      usageEntropy: '2.225',
    },
    'attentive gate': {
      error: '.098',
      mutualInformation: '2.071',
      sampleEntropy: '.114',
      usageEntropy: '2.249',
    },
    'attentive gate + L_importance': {
      ...{ error: '.098', mutualInformation: '2.233', sampleEntropy: '.101', usageEntropy: '2.319' },
    },
    'attentive gate + L_s': {
      error: '.096',
      mutualInformation: '2.296',
      sampleEntropy: '.109',
      usageEntropy: '2.321',
    },
    'distilled from attentive + L_s': {
      ...{ error: '.089', mutualInformation: '2.304', sampleEntropy: '.076', usageEntropy: '2.321' },
    },
  },
  source: resultFiles,
  remarks: [
    'Networks as published: experts 3 × 3 × 1 convolution, 64, 32, 10; gate 3 × 3 × 8 convolution with batch normalization, 512, 32. The paper: batches of 512 at a constant rate of 0.001, 10 runs over a grid of weights, of which the one of least training error is reported.',
    'Weight of L_s 15, of distances divided by the largest of the batch; chosen on 10 000 held-out training images. Weight of L_importance 0.2.',
  ],
  targets: () => [],
};

const { names, ...files } = idxCollection(fashionMnist);
const collection: ImageCollection = {
  ...files,
  usualFolder: debianFashionMnist,
  remedy: `On Debian and Ubuntu: apt-get install dataset-fashion-mnist. Elsewhere: put the four IDX files (${names}) into a folder and name it with --data.`,
};

/** The attentive gate and the similarity loss on Fashion-MNIST. */
export const attentiveFmnist: Reproduction = {
  name: 'attentive-fmnist',
  summary: 'Attentive gating and sample similarity use all experts, and err less, on Fashion-MNIST',
  paper: attentivePaper,
  duration: '--quick a minute or two; the whole about two hours on one core',
  async run(context) {
    const experiment = {
      ...fashionExperiment,
      targets: (results: ModelResults) => targets(results, !context.quick),
    };
    const part = await onImages(experiment, collection, context.quick ? QUICK : WHOLE, context);
    if (part.notRun !== undefined) return [part];
    return [{ ...part, notes: ['The files are the published ones, by their SHA-256.', ...part.notes] }];
  },
};
