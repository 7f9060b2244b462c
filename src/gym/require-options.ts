import { UsageError } from '../errors.ts';
import { didYouMean } from '../nearest-name.ts';

/**
 * Refuses options that a call does not have: a mistyped name would change nothing, in silence.
 *
 * @param where - names the call or the option in a message.
 * @param options - as the caller got them; undefined where left out.
 * @param known - names that exist; null where any name may.
 * @throws UsageError when they are no object, or a name is unknown (the nearest one is suggested).
 */
export function requireOptions(where: string, options: unknown, known: readonly string[] | null): void {
  if (options === undefined) return;
  if (typeof options !== 'object' || options === null || Array.isArray(options)) {
    throw new UsageError({
      what: 'Options are not an object',
      where,
      found: Array.isArray(options) ? 'an array' : String(options),
      expected: known === null ? 'an object' : `an object with some of: ${known.join(', ')}`,
    });
  }
  const unknown = known === null ? undefined : Object.keys(options).find((name) => !known.includes(name));
  if (known === null || unknown === undefined) return;
  throw new UsageError({
    what: 'There is no such option',
    where,
    found: `'${unknown}'`,
    remedy: didYouMean(unknown, known),
  });
}
