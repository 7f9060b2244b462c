import { SpaceError } from '../../errors.ts';
import type { SampleOptions } from './space.ts';

/**
 * Picks the part of a compound mask or probability that belongs to one subspace.
 *
 * @param key - name or index of the subspace.
 * @param keys - all names or indices.
 * @throws SpaceError when the mask or probability is not an object, or names a subspace that does not exist.
 */
export function innerOptions(options: SampleOptions, key: string, keys: readonly string[]): SampleOptions {
  const inner: { mask?: unknown; probability?: unknown } = {};
  for (const kind of ['mask', 'probability'] as const) {
    const whole = options[kind];
    if (whole === undefined || whole === null) continue;
    const unknown =
      typeof whole === 'object' ? Object.keys(whole).find((name) => !keys.includes(name)) : null;
    if (unknown !== undefined) {
      throw new SpaceError({
        what: `The ${kind} of a compound space does not fit its subspaces`,
        where: kind,
        found: unknown === null ? String(whole) : `'${unknown}'`,
        expected: `one entry for each of: ${keys.join(', ')}`,
      });
    }
    const part = (whole as Record<string, unknown>)[key];
    if (part !== undefined && part !== null) inner[kind] = part;
  }
  return inner;
}
