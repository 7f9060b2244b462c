import { UsageError } from '../errors.ts';
import { didYouMean } from '../nearest-name.ts';
import { attentive } from './attentive.ts';
import { bc } from './bc.ts';
import { bet } from './bet.ts';
import { ddim, ddpmMlp, ddpmTransformer } from './diffusion.ts';
import { em } from './em.ts';
import { flow } from './flow.ts';
import { ibc } from './ibc.ts';
import { imc } from './imc.ts';
import { act, cvae } from './latent.ts';
import { mdn } from './mdn.ts';
import type { Method } from './method.ts';
import { mlCur } from './ml-cur.ts';

const methods: readonly Method[] = [
  imc,
  bc,
  mdn,
  attentive,
  em,
  mlCur,
  cvae,
  flow,
  ibc,
  act,
  bet,
  ddpmMlp,
  ddpmTransformer,
  ddim,
];

/** Lists the methods by which policies can be trained. */
export function listMethods(): readonly Method[] {
  return methods;
}

/**
 * Finds a method by its name.
 *
 * @throws UsageError naming the nearest one when there is none of that name.
 */
export function findMethod(name: string): Method {
  const found = methods.find((method) => method.name === name);
  if (found !== undefined) return found;
  throw new UsageError({
    what: `There is no method '${name}'`,
    remedy: didYouMean(
      name,
      methods.map((method) => method.name),
    ),
  });
}
