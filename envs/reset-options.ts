import { UsageError } from '../src/errors.ts';
import { didYouMean } from '../src/nearest-name.ts';
import type { EvaluationContext } from './task.ts';

/** What `reset` may be given. */
export type StartOptions = Readonly<Record<string, unknown>>;

/** Shows a value in a message. */
export function show(value: unknown): string {
  return JSON.stringify(value) ?? String(value);
}

/**
 * Refuses options that a task does not have.
 *
 * @param known - names of those that it has, beside `context`.
 * @returns the options, null when none was given.
 * @throws UsageError when one is unknown; the nearest name is suggested.
 */
export function knownOptions(
  options: StartOptions | undefined,
  known: readonly string[],
): StartOptions | null {
  const given = Object.keys(options ?? {});
  for (const name of given) {
    if (known.includes(name)) continue;
    throw new UsageError({
      what: 'reset got an unknown option',
      where: 'reset options',
      found: `'${name}'`,
      remedy:
        known.length === 0 ? "this task takes none but 'context'" : didYouMean(name, [...known, 'context']),
    });
  }
  return given.length > 0 ? (options ?? null) : null;
}

/**
 * Puts the options of an evaluation context in the place of `{ context }`, its number or its name; other options pass.
 *
 * @throws UsageError when there is no such context, or another option beside it.
 */
export function resolveContext(
  options: StartOptions | undefined,
  contexts: readonly EvaluationContext[],
): StartOptions | undefined {
  if (options === undefined || !Object.hasOwn(options, 'context')) return options;
  const { context, ...others } = options;
  const where = 'reset options.context';
  if (Object.keys(others).length > 0) {
    throw new UsageError({
      what: 'A context fixes the whole start',
      where,
      found: `beside ${Object.keys(others).join(', ')}`,
      remedy: 'give the context alone, or the other options without it',
    });
  }
  const found = contexts.find(({ name }, i) => context === i || context === name);
  if (found !== undefined) return found.options;
  throw new UsageError({
    what: 'There is no such evaluation context',
    where,
    found: show(context),
    expected: `a number from 0 to ${contexts.length - 1}, or a name such as '${contexts[0]?.name}'`,
  });
}
