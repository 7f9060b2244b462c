import { mnist } from '../data/labelled-images.ts';
import type { ImageExperiment, ImageScale } from './attentive-images.ts';
import { attentiveArms, attentivePaper, comparisons, greyLayers, resultFiles } from './attentive-models.ts';
import { type ImageCollection, idxCollection, onImages } from './image-reproduction.ts';
import type { Reproduction } from './reproduction.ts';

const WHOLE: ImageScale = {
  trainImages: 60_000,
  testImages: 10_000,
  epochs: 20,
  batchSize: 512,
  seeds: 3,
  otherSeeds: 3,
};
const QUICK: ImageScale = {
  trainImages: 12_000,
  testImages: 4000,
  epochs: 6,
  batchSize: 128,
  seeds: 1,
  otherSeeds: 1,
};

/** The experiment on MNIST. */
export const mnistExperiment: ImageExperiment = {
  name: 'MNIST',
  classes: 10,
  judged: ['single expert', 'original gate', 'attentive gate + L_s'],
  experts: 5,
  scale: { mean: [0.1307], std: [0.3081] },
  varied: false,
  expertLayers: greyLayers([{ filters: 1 }], [5, 32]),
  gateLayers: greyLayers([{ filters: 1 }], [128, 32]),
  padded: false,
  plan: { learningRate: 1e-3, schedule: 'constant', weightDecay: 0 },
  arms: attentiveArms({ importance: 0.2, similarity: 10 }),
  published: {
    'single expert': { error: '.096' },
    'original gate': {
      error: '.038',
      mutualInformation: '2.022',
      sampleEntropy: '.092',
      usageEntropy: '2.172',
    },
    'original gate + L_importance': {
      ...{ error: '.032', mutualInformation: '2.262', sampleEntropy: '.061', usageEntropy: '2.320' },
    },
    'original gate + L_s': {
      error: '.029',
      mutualInformation: '2.244',
      sampleEntropy: '.051',
      usageEntropy: '2.246',
    },
    'attentive gate': {
      error: '.033',
      mutualInformation: '1.797',
      sampleEntropy: '.071',
      usageEntropy: '2.055',
    },
    'attentive gate + L_importance': {
      ...{ error: '.035', mutualInformation: '2.260', sampleEntropy: '.055', usageEntropy: '2.266' },
    },
    'attentive gate + L_s': {
      error: '.032',
      mutualInformation: '2.275',
      sampleEntropy: '.039',
      usageEntropy: '2.321',
    },
    'distilled from attentive + L_s': {
      ...{ error: '.028', mutualInformation: '2.191', sampleEntropy: '.056', usageEntropy: '2.319' },
    },
  },
  source: resultFiles,
  remarks: [
    'Networks as published: experts 3 × 3 × 1 convolution, 5, 32, 10; gate 3 × 3 × 1 convolution, 128, 32.',
    'Weight of L_s 10, of distances divided by the largest of the batch; weight of L_importance 0.2.',
  ],
  targets: (results) => comparisons(results, 'attentive gate + L_s', 0),
};

const { names, ...files } = idxCollection(mnist);
const collection: ImageCollection = {
  ...files,
  remedy: `Put the four IDX files of MNIST (${names}) into a folder and name it with --data.`,
};

/** The attentive gate and the similarity loss on MNIST. */
export const attentiveMnist: Reproduction = {
  name: 'attentive-mnist',
  summary: 'Attentive gating and sample similarity use all experts, and err less, on MNIST',
  paper: attentivePaper,
  duration: '--quick a few minutes; the whole some hours on one core; both need --data',
  run: async (context) => [
    await onImages(mnistExperiment, collection, context.quick ? QUICK : WHOLE, context),
  ],
};
