import { UsageError } from '../../errors.ts';
import { Box, type BoxDtype } from '../spaces/box.ts';
import { Dict } from '../spaces/dict.ts';
import { Discrete } from '../spaces/discrete.ts';
import { MultiBinary } from '../spaces/multi-binary.ts';
import { MultiDiscrete } from '../spaces/multi-discrete.ts';
import type { Space } from '../spaces/space.ts';
import { Tuple } from '../spaces/tuple.ts';

function repeat(values: ArrayLike<number>, count: number): number[] {
  const once = Array.from(values);
  return Array.from({ length: count }, () => once).flat();
}

/**
 * Describes `count` members of a space side by side, by Gymnasium's rules: a Box gains a leading axis, a `Discrete`
 * becomes a `MultiDiscrete`, `MultiBinary` and `MultiDiscrete` become boxes of whole numbers, compound spaces are
 * batched part by part, and any other space becomes a `Tuple`.
 *
 * @throws UsageError when the count is not a whole number of at least 1.
 */
export function batchSpace(space: Space<unknown>, count: number): Space<unknown> {
  if (!Number.isSafeInteger(count) || count < 1) {
    throw new UsageError({
      what: 'A batch needs a whole number of members of at least 1',
      where: 'numEnvs',
      found: String(count),
    });
  }
  if (space instanceof Box) {
    const { dtype, shape } = space as Box<BoxDtype>;
    const low = repeat(space.low, count);
    return new Box<BoxDtype>({ low, high: repeat(space.high, count), shape: [count, ...shape], dtype });
  }
  if (space instanceof Discrete) {
    return new MultiDiscrete(new Int32Array(count).fill(space.n), {
      start: new Int32Array(count).fill(space.start),
    });
  }
  if (space instanceof MultiBinary) {
    return new Box({ low: 0, high: 1, shape: [count, ...space.shape], dtype: 'uint8' });
  }
  if (space instanceof MultiDiscrete) {
    const high = space.nvec.map((n, i) => n - 1 + (space.start[i] as number));
    return new Box({
      low: repeat(space.start, count),
      high: repeat(high, count),
      shape: [count, ...space.shape],
      dtype: 'int32',
    });
  }
  if (space instanceof Dict) {
    const parts = Object.entries(space.spaces as Readonly<Record<string, Space<unknown>>>);
    return new Dict(Object.fromEntries(parts.map(([key, part]) => [key, batchSpace(part, count)])));
  }
  if (space instanceof Tuple) {
    return new Tuple((space.spaces as readonly Space<unknown>[]).map((part) => batchSpace(part, count)));
  }
  return new Tuple(Array.from({ length: count }, () => space));
}
