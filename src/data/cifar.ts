import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatasetError } from '../errors.ts';
import { cifarSide, parseCifar } from './formats/cifar.ts';
import type { LabelledImages } from './labelled-images.ts';

/** File names of CIFAR-100's binary form, and the folder in its archive. */
export const cifar100 = { folder: 'cifar-100-binary', train: 'train.bin', test: 'test.bin' } as const;

/** Finds a file in a folder or in the archive's folder within. */
function find(folder: string, file: string): string | undefined {
  return [join(folder, file), join(folder, cifar100.folder, file)].find(existsSync);
}

/** Says whether a folder, or `cifar-100-binary` in it, holds both files of CIFAR-100. */
export function hasCifar100(folder: string): boolean {
  return find(folder, cifar100.train) !== undefined && find(folder, cifar100.test) !== undefined;
}

/**
 * Reads CIFAR-100 with its 100 fine labels.
 *
 * @throws DatasetError when the file is missing or damaged.
 */
export function readCifar100(folder: string, set: 'train' | 'test'): LabelledImages {
  const path = find(folder, cifar100[set]);
  if (path === undefined) {
    throw new DatasetError({
      what: 'A file of CIFAR-100 is missing',
      where: folder,
      expected: `${cifar100[set]}, of the binary form`,
    });
  }
  const records = parseCifar(readFileSync(path), 'cifar-100', path);
  return { ...records, height: cifarSide, width: cifarSide, channels: 3 };
}
