import { SpaceError } from '../../errors.ts';
import type { Rng } from '../../random.ts';
import type { SampleOptions } from './space.ts';

function numbersOf(values: unknown, count: number, where: string): ArrayLike<number> {
  const listed =
    Array.isArray(values) || (ArrayBuffer.isView(values) && !(values instanceof DataView))
      ? Array.from(values as ArrayLike<unknown>, Number)
      : null;
  if (listed?.length === count) return listed;
  throw new SpaceError({
    what: 'A mask or probability does not fit the space',
    where,
    found: listed === null ? String(values) : `${listed.length} entries`,
    expected: `${count} entries`,
  });
}

/** Requires one 0 or 1 (or boolean) per value. */
export function readMask(
  mask: unknown,
  count: number,
  allowed: readonly number[] = [0, 1],
): ArrayLike<number> {
  const entries = numbersOf(mask, count, 'mask');
  for (let i = 0; i < count; i++) {
    if (!allowed.includes(entries[i] as number)) {
      throw new SpaceError({
        what: 'A mask has an entry of another kind',
        where: `mask, index ${i}`,
        found: String(entries[i]),
        expected: `one of ${allowed.join(', ')}`,
      });
    }
  }
  return entries;
}

/** Requires one number from 0 to 1 per value. */
export function readProbabilities(probability: unknown, count: number): ArrayLike<number> {
  const entries = numbersOf(probability, count, 'probability');
  for (let i = 0; i < count; i++) {
    const p = entries[i] as number;
    if (!(p >= 0 && p <= 1)) {
      throw new SpaceError({
        what: 'A probability is out of range',
        where: `probability, index ${i}`,
        found: String(p),
        expected: 'a number from 0 to 1',
      });
    }
  }
  return entries;
}

/**
 * Draws one of `count` values under a mask or a probability, by Gymnasium's rules.
 *
 * @returns its index; 0 when the mask allows none.
 * @throws SpaceError when mask or probability has another length, an entry of another kind, or does not sum to 1.
 */
export function chooseIndex(rng: Rng, count: number, { mask, probability }: SampleOptions): number {
  if (mask !== undefined && mask !== null) {
    const entries = readMask(mask, count);
    let allowed = 0;
    for (let i = 0; i < count; i++) allowed += entries[i] as number;
    return allowed === 0 ? 0 : rng.categorical(entries);
  }
  if (probability !== undefined && probability !== null) {
    const entries = readProbabilities(probability, count);
    let sum = 0;
    for (let i = 0; i < count; i++) sum += entries[i] as number;
    if (Math.abs(sum - 1) > 1e-6) {
      throw new SpaceError({
        what: 'Probabilities do not sum to 1',
        where: 'probability',
        found: String(sum),
      });
    }
    return rng.categorical(entries);
  }
  return rng.integer(count);
}
