import { cifar100, hasCifar100, readCifar100 } from '../data/cifar.ts';
import type { ConvolutionLayer } from '../tensor/convolution-shape.ts';
import type { ImageExperiment, ImageScale } from './attentive-images.ts';
import { attentiveArms, attentivePaper, comparisons, resultFiles } from './attentive-models.ts';
import { type ImageCollection, onImages } from './image-reproduction.ts';
import type { Reproduction } from './reproduction.ts';

const WHOLE: ImageScale = {
  trainImages: 50_000,
  testImages: 10_000,
  epochs: 80,
  batchSize: 256,
  seeds: 3,
  otherSeeds: 3,
};
const QUICK: ImageScale = {
  trainImages: 1000,
  testImages: 500,
  epochs: 2,
  batchSize: 100,
  seeds: 1,
  otherSeeds: 1,
  arms: ['single expert', 'original gate', 'attentive gate'],
};

/** Six layers of which four are pooled: 32 × 32 pixels end as 2 × 2. */
const sixLayers = (filters: readonly number[]): readonly ConvolutionLayer[] =>
  filters.map((count, i) => ({ filters: count, normalize: i % 2 === 1, pool: i === 1 || i > 2 }));

/** The experiment on CIFAR-100. */
export const cifar100Experiment: ImageExperiment = {
  name: 'CIFAR-100',
  classes: 100,
  judged: ['single expert', 'original gate', 'attentive gate'],
  experts: 20,
  scale: { mean: [0.5074, 0.4867, 0.4411], std: [0.2011, 0.1987, 0.2025] },
  varied: true,
  expertLayers: { layers: sixLayers([8, 16, 32, 32, 64, 64]), hidden: [512, 128] },
  gateLayers: { layers: sixLayers([64, 64, 64, 64, 64, 64]), hidden: [1024, 128] },
  padded: true,
  plan: { learningRate: 1e-3, schedule: 'constant', weightDecay: 1e-3 },
  arms: attentiveArms({ importance: 0.2, similarity: 10 }),
  published: {
    'single expert': { error: '.577' },
    'original gate': { error: '.521' },
    'original gate + L_importance': { error: '.526' },
    'original gate + L_s': { error: '.520' },
    'attentive gate': { error: '.500' },
    'attentive gate + L_importance': { error: '.488' },
    'attentive gate + L_s': { error: '.498' },
  },
  source: `${resultFiles}, hidden width 128`,
  remarks: [
    'Images mirrored by even odds and shifted by up to 4 pixels, reflected at the edge. Experts of six padded 3 × 3 convolutions (8, 16, 32, 32, 64, 64; every second one normalized), 512, 128, 100; the gate’s of 64 filters each, 1024, 128. Which four of the six are pooled is not known to us: here the second and the last three.',
    'Keys are taken after the experts’ last rectifier. Weight of L_s 10, of distances divided by the largest of the batch; weight of L_importance 0.2.',
  ],
  targets: (results) => comparisons(results, 'attentive gate', 0),
};

const collection: ImageCollection = {
  has: hasCifar100,
  read: (folder) => ({ train: readCifar100(folder, 'train'), test: readCifar100(folder, 'test') }),
  remedy: `Unpack its binary form (${cifar100.folder} with ${cifar100.train} and ${cifar100.test}) and name the folder with --data.`,
};

/** The attentive gate and the similarity loss on CIFAR-100. */
export const attentiveCifar100: Reproduction = {
  name: 'attentive-cifar100',
  summary: 'Attentive gating of 20 experts errs less on CIFAR-100',
  paper: attentivePaper,
  duration: '--quick some minutes; the whole is for a GPU; both need --data',
  async run(context) {
    // two epochs of a fiftieth of the images show that it runs, and no more
    const experiment = context.quick ? { ...cifar100Experiment, targets: () => [] } : cifar100Experiment;
    return [await onImages(experiment, collection, context.quick ? QUICK : WHOLE, context)];
  },
};
