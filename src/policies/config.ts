import { parse } from 'yaml';
import type { z } from 'zod';
import { ConfigError } from '../errors.ts';
import { didYouMean } from '../nearest-name.ts';
import type { Method, PartialConfig } from './method.ts';

/** Where the settings of a training come from, weakest first. */
export interface ConfigSources {
  /** Chooses the preset. */
  readonly envId: string;
  /** Settings that replace the defaults and the preset: those of a run that is extended. */
  readonly base?: unknown;
  /** Content of a configuration file, parsed. */
  readonly file?: unknown;
  /** Settings as typed on the command line, each `a.b=value`. */
  readonly sets?: readonly string[];
}

/**
 * Resolves the configuration of a method: the schema's defaults, replaced by the environment's preset (or by the
 * settings of a run that is extended), replaced by the configuration file, replaced by single settings.
 *
 * @returns what the method's schema makes of them.
 * @throws ConfigError naming the key, and the nearest one that exists where it is unknown.
 *
 * @example
 * resolveConfig(findMethod('imc'), { envId: 'Avoiding-v0', sets: ['components=32', 'expert.hidden=[128,128]'] });
 */
export function resolveConfig(method: Method, sources: ConfigSources): unknown {
  const { base, envId, file, sets = [] } = sources;
  let config: PartialConfig = isObject(base) ? base : (method.presets[envId] ?? {});
  if (file !== undefined && file !== null) {
    if (!isObject(file)) {
      throw new ConfigError({
        what: 'The configuration file does not hold settings',
        found: Array.isArray(file) ? 'a list' : typeof file,
        expected: 'keys and values, e.g. components: 32',
      });
    }
    config = mergeConfigs(config, file);
  }
  config = mergeConfigs(config, parseSettings(sets));
  return checkConfig(method.schema, config);
}

/**
 * Checks settings against a schema and fills in its defaults.
 *
 * @param keysAt - names the keys that may stand at a place; where left out, every key is known by its default.
 * @throws ConfigError naming the key, and the nearest one that exists where it is unknown.
 */
export function checkConfig<T>(
  schema: z.ZodType<T>,
  config: unknown,
  keysAt: (path: readonly PropertyKey[]) => readonly string[] = (path) => knownKeys(schema, path),
): T {
  const result = schema.safeParse(config);
  if (result.success) return result.data;
  const issue = result.error.issues[0] as z.core.$ZodIssue;
  if (issue.code === 'unrecognized_keys') {
    const key = issue.keys[0] as string;
    const known = keysAt(issue.path);
    throw new ConfigError({
      what: `There is no setting '${[...issue.path, key].join('.')}'`,
      ...(known.length > 0 && { remedy: suggest(issue.path, key, known, schema) }),
    });
  }
  throw new ConfigError({
    what: `The setting '${issue.path.join('.')}' has no valid value`,
    // what contradicts another setting may be a default
    found:
      JSON.stringify(valueAt(config, issue.path)) ?? (issue.code === 'custom' ? 'its default' : 'nothing'),
    expected: expectation(issue),
  });
}

/** Names the nearest key: at the same place, or else the same key at another place. */
function suggest(
  path: readonly PropertyKey[],
  key: string,
  known: readonly string[],
  schema: z.ZodType,
): string {
  const prefix = path.map((part) => `${String(part)}.`).join('');
  const elsewhere = allKeys(schema).filter((name) => name.split('.').at(-1) === key);
  if (elsewhere.length > 0) return `did you mean '${elsewhere.join("' or '")}'?`;
  return didYouMean(
    `${prefix}${key}`,
    known.map((name) => prefix + name),
  );
}

function expectation(issue: z.core.$ZodIssue): string {
  if (issue.code === 'invalid_value')
    return `one of ${issue.values.map((value) => String(value)).join(', ')}`;
  if (issue.code === 'invalid_union') {
    return issue.errors
      .map((branch) => (branch[0] === undefined ? '' : expectation(branch[0])))
      .join(', or ');
  }
  return issue.message;
}

/** The defaults show which keys exist: every setting has one. */
function knownKeys(schema: z.ZodType, path: readonly PropertyKey[]): string[] {
  const value = valueAt(schema.safeParse({}).data, path);
  return isObject(value) ? Object.keys(value) : [];
}

function allKeys(schema: z.ZodType): string[] {
  const walk = (value: unknown, prefix: string): string[] =>
    isObject(value)
      ? Object.entries(value).flatMap(([key, inner]) => [prefix + key, ...walk(inner, `${prefix}${key}.`)])
      : [];
  return walk(schema.safeParse({}).data, '');
}

function isObject(value: unknown): value is PartialConfig {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function valueAt(value: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce((at: unknown, key) => (at as Record<PropertyKey, unknown> | undefined)?.[key], value);
}

/** Lays settings over others; objects are joined key by key, everything else is replaced. */
export function mergeConfigs(base: PartialConfig, over: PartialConfig): PartialConfig {
  const joined = new Map(Object.entries(base));
  for (const [key, value] of Object.entries(over)) {
    const before = joined.get(key);
    joined.set(key, isObject(before) && isObject(value) ? mergeConfigs(before, value) : value);
  }
  return Object.fromEntries(joined);
}

/** Reads settings as typed, each `a.b=value`; later ones replace earlier ones. @throws ConfigError for another form. */
export function parseSettings(sets: readonly string[]): PartialConfig {
  return sets.map(parseSetting).reduce(mergeConfigs, {});
}

/** Reads one setting as typed: `a.b=value`, the value in YAML, so that numbers, lists and null need no quotes. */
function parseSetting(text: string): PartialConfig {
  const equals = text.indexOf('=');
  const path = text.slice(0, equals).trim().split('.');
  if (equals < 1 || path.some((key) => key === '')) {
    throw new ConfigError({
      what: 'A setting is not of the form key=value',
      found: text,
      expected: 'e.g. eta=2',
    });
  }
  let value: unknown;
  try {
    value = parse(text.slice(equals + 1));
  } catch (cause) {
    throw new ConfigError(
      { what: `The value of '${path.join('.')}' cannot be read`, found: text.slice(equals + 1) },
      { cause },
    );
  }
  return path.reduceRight<unknown>(
    (inner, key) => Object.fromEntries([[key, inner]]),
    value,
  ) as PartialConfig;
}
