import { UsageError } from '../errors.ts';
import { didYouMean } from '../nearest-name.ts';
import { attentiveCifar100 } from './attentive-cifar100.ts';
import { attentiveFmnist } from './attentive-fmnist.ts';
import { attentiveMnist } from './attentive-mnist.ts';
import { emMirrorDescent } from './em-mirror-descent.ts';
import { imcAvoiding } from './imc-avoiding.ts';
import { imcPushing } from './imc-pushing.ts';
import type { Reproduction } from './reproduction.ts';
import { softmaxGatingRates } from './softmax-gating-rates.ts';

/** Everything that `modewise reproduce` knows. */
export const reproductions: readonly Reproduction[] = [
  imcAvoiding,
  imcPushing,
  emMirrorDescent,
  softmaxGatingRates,
  attentiveFmnist,
  attentiveMnist,
  attentiveCifar100,
];

/**
 * Finds a reproduction by its name.
 *
 * @throws UsageError when there is none of this name.
 */
export function findReproduction(name: string): Reproduction {
  const found = reproductions.find((reproduction) => reproduction.name === name);
  if (found !== undefined) return found;
  const names = reproductions.map((reproduction) => reproduction.name);
  throw new UsageError({
    what: `There is no reproduction called '${name}'`,
    remedy: didYouMean(name, names),
  });
}
