import { InvalidActionError } from '../errors.ts';
import type { Space } from './spaces/space.ts';

/**
 * Refuses an action that is not a member of the action space; an environment calls it first in `step`.
 *
 * @throws InvalidActionError naming the index, the value and the bound, or the type that was expected.
 */
export function checkAction<A>(space: Space<A>, action: unknown): asserts action is A {
  const reason = space.explain(action);
  if (reason === null) return;
  throw new InvalidActionError({
    what: 'The action is not a member of the action space',
    where: 'step(action)',
    found: reason,
    remedy: 'clip the action to the bounds of env.actionSpace, and find out where it left them',
  });
}
