import { Box } from '../gym/spaces/box.ts';
import type { Space } from '../gym/spaces/space.ts';

/**
 * Clips a policy's action to the bounds of the action space: a regression may overshoot the largest demonstrated
 * command a little. What is not finite is left as it is, for the environment to refuse.
 *
 * @param space - a {@link Box} of shape `[Da]`; any other space has nothing to clip to.
 * @param action - raw action, shape `[Da]`; changed in place and returned.
 */
export function clipAction(space: Space<Float32Array>, action: Float32Array): Float32Array {
  if (!(space instanceof Box)) return action;
  for (let i = 0; i < action.length; i++) {
    const value = action[i] as number;
    if (Number.isFinite(value)) {
      action[i] = Math.min(Math.max(value, space.low[i] as number), space.high[i] as number);
    }
  }
  return action;
}
