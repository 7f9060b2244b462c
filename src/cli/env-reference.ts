import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { Option } from 'commander';
import { UnregisteredEnvError, UsageError } from '../errors.ts';
import { didYouMean } from '../nearest-name.ts';

/** The option `--env`, for verbs that know the id and only need to be told where the task is. */
export function envOption(): Option {
  return new Option(
    '--env <file#id>',
    'a task of your own, e.g. ./my-task.ts#MyTask-v0 (see docs/your-own-task.md)',
  );
}

/**
 * Loads what an environment is named by: an id of the project, or `path/to/file.ts#Name-vN` for a task of one's own.
 * The `#Name-vN` may be left out where the file defines one task only.
 *
 * @returns the id, which is registered then if it came from a file.
 * @throws UsageError when the file is missing, does not load, or defines no such task.
 */
export async function loadEnv(reference: string): Promise<string> {
  await import('../../envs/index.ts');
  if (!/#|\.[cm]?[jt]s$/.test(reference)) return reference;
  const at = reference.lastIndexOf('#');
  const file = at < 0 ? reference : reference.slice(0, at);
  const wanted = at < 0 ? null : reference.slice(at + 1);
  const { importOwnModule } = await import('../own-module.ts');
  const { list, registrationModule } = await import('../gym/registry.ts');
  const url = pathToFileURL(resolve(file)).href;
  await importOwnModule(url);
  const defined = list().flatMap(({ id }) => (registrationModule(id) === url ? [id] : []));
  const [first] = defined;
  if (wanted === null && defined.length === 1 && first !== undefined) return first;
  if (wanted !== null && defined.includes(wanted)) return wanted;
  throw new UsageError({
    what: wanted === null ? 'The file does not define exactly one task' : 'The file defines no such task',
    where: file,
    ...(wanted === null ? {} : { found: `'${wanted}'` }),
    expected:
      defined.length > 0
        ? `one of: ${defined.map((id) => `${file}#${id}`).join(', ')}`
        : 'a call of defineTask with module: import.meta.url',
  });
}

/**
 * Loads the environment that a verb is given, as its argument or by `--env`.
 *
 * @returns the id.
 * @throws UsageError as {@link loadEnv} does, and when it is named not once.
 */
export async function loadNamedEnv(
  positional: string | undefined,
  option: string | undefined,
): Promise<string> {
  const named = [positional, option].flatMap((name) => name ?? []);
  const [reference] = named;
  if (reference !== undefined && named.length === 1) return loadEnv(reference);
  throw new UsageError({
    what: 'Name the environment once',
    found: named.join(' and ') || 'none',
    expected: 'an id such as Avoiding-v0, or --env ./my-task.ts#MyTask-v0',
  });
}

/**
 * Loads the task that `--env` names for a dataset or run that says which task it belongs to.
 *
 * @throws UsageError as {@link loadEnv} does, and when the two are not the same.
 */
export async function requireEnv(reference: string | undefined, envId: string): Promise<void> {
  if (reference === undefined) return;
  const id = await loadEnv(reference);
  if (id === envId) return;
  throw new UsageError({
    what: 'The task is not the one that the data belong to',
    where: `--env ${reference}`,
    found: id,
    expected: envId,
  });
}

/**
 * Loads the task that a run or a recording belongs to, for verbs that simulate it.
 *
 * @throws UsageError as {@link requireEnv} does; UnregisteredEnvError when the task is not one of the project's and `--env` does
 * not say where it is.
 */
export async function requireSimulator(reference: string | undefined, envId: string): Promise<void> {
  await requireEnv(reference, envId);
  await import('../../envs/index.ts');
  const { list } = await import('../gym/registry.ts');
  const known = list().map(({ id }) => id);
  if (known.includes(envId)) return;
  const name = envId.replace(/-v\d+$/, '');
  throw new UnregisteredEnvError({
    what: `The task '${envId}' is not known here`,
    remedy: `name the file that defines it: --env ./${name}.ts#${envId}; or, of the project's own, ${didYouMean(envId, known)}`,
  });
}
