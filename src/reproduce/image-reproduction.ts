import { hasImages, type ImageFiles, readLabelledImages } from '../data/labelled-images.ts';
import {
  attentiveImages,
  type ImageExperiment,
  type ImageScale,
  type ImageSets,
} from './attentive-images.ts';
import type { Part, ReproductionContext } from './reproduction.ts';

/** The files of an experiment: not ours to distribute, so that a folder must have them. */
export interface ImageCollection {
  /** Folder to look into where none is given. */
  readonly usualFolder?: string;
  has(folder: string): boolean;
  read(folder: string): ImageSets;
  /** How to get the files and name their folder: whole sentences. */
  readonly remedy: string;
}

/** Four IDX files. */
export function idxCollection(files: { readonly train: ImageFiles; readonly test: ImageFiles }): {
  readonly names: string;
  readonly has: ImageCollection['has'];
  readonly read: ImageCollection['read'];
} {
  const { test, train } = files;
  return {
    names: `${train.images}, ${train.labels}, ${test.images}, ${test.labels}, with or without .gz`,
    has: (folder) => hasImages(folder, train) && hasImages(folder, test),
    read: (folder) => ({ train: readLabelledImages(folder, train), test: readLabelledImages(folder, test) }),
  };
}

/** Does an experiment on the images of the folder that is given; says what is missing where they are not there. */
export async function onImages(
  experiment: ImageExperiment,
  { has, read, remedy, usualFolder }: ImageCollection,
  scale: ImageScale,
  context: ReproductionContext,
): Promise<Part> {
  const folder = context.dataFolder ?? usualFolder;
  if (folder !== undefined && has(folder)) {
    return attentiveImages(experiment, read(folder), scale, context);
  }
  const { experts, name } = experiment;
  const why = folder === undefined ? `No folder with ${name} was given` : `${name} is not in ${folder}`;
  return {
    ...{ title: `${name}, ${experts} experts`, protocol: [], figures: [], charts: [], notes: [] },
    notRun: `${why}. ${remedy}`,
  };
}
