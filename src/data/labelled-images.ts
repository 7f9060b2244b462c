import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { DatasetError } from '../errors.ts';
import { type IdxArray, readIdx } from './formats/idx.ts';

/** N images with their classes. */
export interface LabelledImages {
  /** Shape `[N, height, width]`, or `[N, height, width, channels]`; 0 black to 255 white. */
  readonly pixels: Uint8Array;
  /** Shape `[N]`. */
  readonly labels: Uint8Array;
  readonly count: number;
  readonly height: number;
  readonly width: number;
  /** 1, grey, where left out. */
  readonly channels?: number;
}

/** Which files a set of labelled images consists of, and what they must contain. */
export interface ImageFiles {
  /** For messages. */
  readonly name: string;
  /** File names without `.gz`. */
  readonly images: string;
  readonly labels: string;
  /** Of the uncompressed files; left out where any content will do. */
  readonly sha256?: { readonly images: string; readonly labels: string };
}

/** The two sets of Fashion-MNIST (Zalando Research, MIT licence), as Debian and upstream distribute them. */
export const fashionMnist = {
  train: {
    name: 'Fashion-MNIST',
    images: 'train-images-idx3-ubyte',
    labels: 'train-labels-idx1-ubyte',
    sha256: {
      images: 'c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888',
      labels: 'bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9',
    },
  },
  test: {
    name: 'Fashion-MNIST',
    images: 't10k-images-idx3-ubyte',
    labels: 't10k-labels-idx1-ubyte',
    sha256: {
      images: '5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b',
      labels: '0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34',
    },
  },
} as const satisfies Readonly<Record<string, ImageFiles>>;

/** The two sets of MNIST, in the files of the same names; their content is not checked. */
export const mnist = {
  train: { name: 'MNIST', images: fashionMnist.train.images, labels: fashionMnist.train.labels },
  test: { name: 'MNIST', images: fashionMnist.test.images, labels: fashionMnist.test.labels },
} as const satisfies Readonly<Record<string, ImageFiles>>;

/** Where Debian's package puts Fashion-MNIST. */
export const debianFashionMnist = '/usr/share/datasets/fashion-mnist';

/** Finds a file with or without `.gz`. */
function find(folder: string, file: string): string | undefined {
  return [file, `${file}.gz`].map((name) => join(folder, name)).find(existsSync);
}

/** Says whether a folder holds both files of a set. */
export function hasImages(folder: string, files: ImageFiles): boolean {
  return find(folder, files.images) !== undefined && find(folder, files.labels) !== undefined;
}

function readFile(folder: string, file: string, set: ImageFiles, sha256: string | undefined): IdxArray {
  const path = find(folder, file);
  if (path === undefined) {
    throw new DatasetError({
      what: `A file of ${set.name} is missing`,
      where: folder,
      expected: `${file} or ${file}.gz`,
    });
  }
  const array = readIdx(path);
  if (sha256 !== undefined && array.sha256 !== sha256) {
    throw new DatasetError({
      what: `The file is not the published one of ${set.name}`,
      where: path,
      found: `sha256 ${array.sha256} of the uncompressed content`,
      expected: sha256,
      remedy: 'get the file anew',
    });
  }
  return array;
}

/**
 * Reads a set of labelled images from two IDX files.
 *
 * @throws DatasetError when a file is missing, damaged, not the published one, or the two do not belong together.
 */
export function readLabelledImages(folder: string, files: ImageFiles): LabelledImages {
  const images = readFile(folder, files.images, files, files.sha256?.images);
  const labels = readFile(folder, files.labels, files, files.sha256?.labels);
  const [count = 0, height = 0, width = 0] = images.shape;
  if (images.shape.length !== 3 || labels.shape.length !== 1 || labels.shape[0] !== count) {
    throw new DatasetError({
      what: 'Images and labels do not belong together',
      where: folder,
      found: `images ${images.shape.join(' × ')}, labels ${labels.shape.join(' × ')}`,
      expected: 'N × height × width images and N labels',
    });
  }
  return { pixels: images.data, labels: labels.data, count, height, width };
}
