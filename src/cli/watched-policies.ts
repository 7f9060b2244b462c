import { basename, resolve } from 'node:path';
import { UsageError } from '../errors.ts';
import type { PolicyToCompare } from '../live/compared-rollouts.ts';
import type { MixtureActing } from '../policies/mixture-policy.ts';
import { loadPolicy, readPolicy } from '../policies/run-directory.ts';
import { MAX_COMPARED } from '../stream/wire.ts';

/** The policies of some runs, of one task. */
export interface WatchedPolicies {
  readonly envId: string;
  readonly policies: readonly PolicyToCompare[];
}

/**
 * Loads the policies of runs that are to be watched together.
 *
 * @param directories - one run, or up to {@link MAX_COMPARED}; the same may come twice.
 * @param overrides - settings of acting, for every policy.
 * @param prepare - sees to it that the task is known, before the policies are made ready to act.
 * @throws UsageError when there are too many, or they do not belong to the same task; and what `loadPolicy` throws.
 */
export async function loadWatched(
  directories: readonly string[],
  overrides: Readonly<Record<string, unknown>>,
  prepare: (envId: string) => Promise<void>,
): Promise<WatchedPolicies> {
  if (directories.length > MAX_COMPARED) {
    throw new UsageError({
      what: 'So many policies cannot be compared at once',
      found: `${directories.length} runs`,
      expected: `at most ${MAX_COMPARED}`,
    });
  }
  const saved = directories.map((directory) => readPolicy(directory));
  const envId = saved[0]?.envId ?? '';
  const other = saved.findIndex((policy) => policy.envId !== envId);
  if (other >= 0) {
    throw new UsageError({
      what: 'The policies are not of the same task, so they cannot be compared',
      where: directories[other] ?? '',
      found: saved[other]?.envId ?? '',
      expected: `${envId}, as in ${directories[0]}`,
    });
  }
  await prepare(envId);
  const names = namesOf(directories);
  const policies: PolicyToCompare[] = [];
  for (const [i, { config, diverged, method }] of saved.entries()) {
    const { choose, commitment = null } = { ...(config as Partial<MixtureActing>), ...overrides };
    policies.push({
      name: names[i] ?? '',
      policy: await loadPolicy(directories[i] ?? '', overrides),
      describe: (components) =>
        [
          method,
          ...(components > 0 ? [`${components} components`] : []),
          ...(commitment === null ? [] : [`commit ${commitment}`]),
          ...(choose === 'draw' ? ['draws actions'] : []),
          ...(diverged === undefined ? [] : ['of a training that diverged']),
        ].join(', '),
    });
  }
  return { envId, policies };
}

/** Names runs after their folders, or where two folders of other places have the same name, by their paths. */
function namesOf(directories: readonly string[]): readonly string[] {
  const names = directories.map((directory) => basename(resolve(directory)));
  const paths = new Set(directories.map((directory) => resolve(directory)));
  return new Set(names).size === paths.size ? names : directories;
}
