import { UsageError } from '../../errors.ts';
import { Box, type BoxDtype } from '../spaces/box.ts';
import type { Space } from '../spaces/space.ts';

/**
 * Requires a space that a wrapper can only work on as a {@link Box}.
 *
 * @param wrapper - name of the wrapper, for the error.
 * @throws UsageError when it is another one.
 */
export function requireBox(wrapper: string, name: string, space: Space<unknown>): Box<BoxDtype> {
  if (space instanceof Box) return space;
  throw new UsageError({
    what: `${wrapper} needs a Box`,
    where: name,
    found: space.constructor.name,
    remedy: 'wrap in FlattenObservation first, or leave the wrapper out',
  });
}
