import { DivergenceError } from '../errors.ts';
import type { NamedArrays } from '../tensor/named-arrays.ts';

/**
 * Refuses weights that are not finite: a checkpoint with them would replace a good one.
 *
 * @param where - what was trained and how far, for the message.
 * @throws DivergenceError naming the first such array.
 */
export function requireFinite(arrays: NamedArrays, where: string): void {
  for (const [name, { data }] of Object.entries(arrays)) {
    if (data instanceof BigInt64Array || data.every(Number.isFinite)) continue;
    throw new DivergenceError({
      what: 'A weight is not finite after training',
      where: `${where}, ${name}`,
      remedy: 'lower the learning rate, or look for extreme values in the data',
    });
  }
}
