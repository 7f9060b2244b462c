import { CheckpointError, ConfigError, ModewiseError } from '../errors.ts';
import { didYouMean } from '../nearest-name.ts';
import { checkConfig } from './config.ts';
import type { Policy } from './policy.ts';
import { findMethod } from './registry.ts';
import type { SavedPolicy } from './saved-policy.ts';

/**
 * Makes a saved policy act, without loading TensorFlow.js and without Node: in a page as well.
 *
 * @param overrides - settings of acting that replace the saved ones, e.g. `{ commitment: 'step' }`.
 * @param where - where it was saved, for the message of an error.
 * @throws UsageError when there is no such method.
 * @throws CheckpointError when its content is damaged or of another version.
 * @throws ConfigError when an override is unknown, invalid, or no setting of acting.
 */
export function makeAct(
  saved: SavedPolicy,
  overrides: Readonly<Record<string, unknown>>,
  where: string,
): Policy {
  const method = findMethod(saved.method);
  for (const key of Object.keys(overrides)) {
    if (method.actingKeys.includes(key)) continue;
    throw new ConfigError({
      what: `'${key}' is not a setting with which a trained policy acts`,
      remedy: method.actingKeys.length > 0 ? didYouMean(key, method.actingKeys) : `${method.name} has none`,
    });
  }
  const config =
    Object.keys(overrides).length === 0
      ? saved.config
      : checkConfig(method.schema, { ...(saved.config as object), ...overrides });
  try {
    return method.load({ ...saved, config });
  } catch (error) {
    if (!(error instanceof ModewiseError) || error instanceof CheckpointError) throw error;
    const parts = [where, error.report.where].filter((part) => part !== undefined);
    throw new CheckpointError({ ...error.report, where: parts.join(': ') }, { cause: error });
  }
}
