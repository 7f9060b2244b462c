import type { SavedPolicy } from '../policies/saved-policy.ts';

/** Warns whoever uses the policy of a training that diverged. */
export function warnOfDivergence(
  directory: string,
  { diverged }: Pick<SavedPolicy, 'diverged'>,
  warn: (line: string) => void,
): void {
  if (diverged === undefined) return;
  warn(
    `the training of ${directory} diverged (${diverged}); this policy is what the last good checkpoint before held`,
  );
}
