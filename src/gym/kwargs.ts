import { ConfigError } from '../errors.ts';
import { didYouMean } from '../nearest-name.ts';
import type { EnvKwargs } from './env-spec.ts';

/**
 * Fills an environment's constructor arguments from their defaults.
 *
 * @param defaults - every argument that exists; an argument must have its default's type.
 * @throws ConfigError when an argument is unknown (the nearest name is suggested) or of another type.
 */
export function resolveKwargs<T extends object>(kwargs: EnvKwargs, defaults: T): T {
  const known = defaults as Record<string, unknown>;
  for (const [name, value] of Object.entries(kwargs)) {
    if (!Object.hasOwn(known, name)) {
      throw new ConfigError({
        what: 'An environment got an unknown argument',
        where: 'kwargs',
        found: `'${name}'`,
        remedy: didYouMean(name, Object.keys(known)),
      });
    }
    if (typeof value !== typeof known[name]) {
      throw new ConfigError({
        what: 'An environment got an argument of the wrong type',
        where: `kwargs.${name}`,
        found: JSON.stringify(value),
        expected: `a ${typeof known[name]}, e.g. ${JSON.stringify(known[name])}`,
      });
    }
  }
  return { ...defaults, ...kwargs };
}
